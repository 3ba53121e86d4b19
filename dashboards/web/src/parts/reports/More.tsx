import { number } from "../../format";
import { say } from "../../language";
import { reportWords } from "../../words/reports";

interface Props {
  shown: number;
  all: number;
  of: string;
  show: () => void;
}

/** The rest of a long table, which is counted and comes when it is asked for. */
export function More({ shown, all, of, show }: Props) {
  if (shown >= all) return null;
  return (
    <p class="event-pages">
      <button type="button" onClick={show}>
        {say(reportWords.more)}
        <span class="reader-only">: {of}</span>
      </button>
      <span class="calm">
        {number(shown)} {say(reportWords.of)} {number(all)}
      </span>
    </p>
  );
}
