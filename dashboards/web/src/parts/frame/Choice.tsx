interface Props {
  value: string;
  choose: (value: string) => void;
  title: string;
  /** What no choice is called. */
  any: string;
  of: [value: string, words: string][];
}

/** One of several, or none. What was chosen and is not among them stands behind them. */
export function Choice({ value: chosen, choose, title, any, of }: Props) {
  const listed = chosen === "" || of.some(([value]) => value === chosen) ? of : [...of, [chosen, chosen] as [string, string]];
  return (
    <label>
      {title}
      <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{any}</option>
        {listed.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
