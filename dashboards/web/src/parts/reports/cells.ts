import type { ReportCell, ReportValue } from "../../api";
import { type Cell, type Column, at } from "../../csv";
import { say } from "../../language";
import { reportWords } from "../../words/reports";

const decimal = (of: ReportValue | null): Cell => (of?.number == null ? null : { decimal: of.number });

/** Cells as a file: one row a cell, numbers with all of their digits. Those of a report say what was known before. */
export function cellColumns(ofReport: boolean): Column<ReportCell>[] {
  const before: Column<ReportCell>[] = [
    [`${say(reportWords.was)}: ${say(reportWords.mark)}`, ({ was }) => was?.mark],
    [`${say(reportWords.was)}: ${say(reportWords.number)}`, ({ was }) => decimal(was)],
    [say(reportWords.standing), ({ standing }) => standing],
  ];
  return [
    [say(reportWords.placeCode), ({ place }) => place],
    [say(reportWords.place), ({ place_name }) => place_name && say(place_name)],
    [say(reportWords.indicator), ({ indicator }) => indicator],
    [say(reportWords.part), ({ breakdown }) => breakdown],
    [say(reportWords.period), ({ period }) => period.label],
    [say(reportWords.start), ({ period }) => period.start],
    [say(reportWords.end), ({ period }) => period.end],
    [say(reportWords.vintage), ({ vintage }) => vintage],
    [say(reportWords.mark), ({ is }) => is.mark],
    [say(reportWords.number), ({ is }) => decimal(is)],
    ...(ofReport ? before : []),
    [say(reportWords.agency), ({ agency }) => agency],
    [say(reportWords.asSent), ({ as_sent }) => as_sent],
    [say(reportWords.note), ({ note }) => note],
    [say(reportWords.where), ({ at }) => at],
    [say(reportWords.received), ({ received_at }) => at(received_at)],
    [say(reportWords.message), ({ position }) => position],
  ];
}
