import { useId } from "preact/hooks";

interface NumberFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

/** A whole number. What is none changes nothing. */
export function NumberField({ label, hint, min, value, onChange }: NumberFieldProps) {
  const id = useId();
  return (
    <div>
      <label>
        {label}{" "}
        <input
          type="number"
          required
          min={min}
          step="1"
          value={value}
          aria-describedby={id}
          onInput={({ currentTarget }) => {
            if (currentTarget.validity.valid) onChange(currentTarget.valueAsNumber);
          }}
        />
      </label>
      <p class="hint" id={id}>{hint}</p>
    </div>
  );
}
