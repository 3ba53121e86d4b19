import { now } from "../../clock";
import { type Column, csvOf, local, save } from "../../csv";
import { say } from "../../language";
import { words } from "../../words/page";

interface Props<Row> {
  /** Of what: a part of the file's name. */
  name: string;
  /** The table's title, for those who hear the button alone. */
  of: string;
  columns: Column<Row>[];
  /** The rows as they are shown, in their order. */
  rows: () => Row[];
}

/** A table's way out of the page. */
export function Download<Row>({ name, of, columns, rows }: Props<Row>) {
  const go = () => {
    const until = local(now.peek()).slice(0, 16).replaceAll(/\D/g, "");
    save(`${name}-${until}`, csvOf(columns, rows()));
  };
  return (
    <button type="button" class="more download" aria-label={`${say(words.csv)}: ${of}`} onClick={go}>
      {say(words.csv)}
    </button>
  );
}
