"""What a run saw, written down: `report.json` for machines, `summary.txt` for people."""

import collections
import json


def of_kills(kills):
    """How many processes died, by target and step, and whether their logs prove where."""
    counts = collections.Counter((kill["target"], kill["step"]) for kill in kills)
    return {f"{target} at {step}": count for (target, step), count in sorted(counts.items())}


def rate(figures):
    return figures["messages"] / max(1.0, figures["sending_seconds"])


def write(folder, seen):
    (folder / "report.json").write_text(json.dumps(seen, indent=1, default=str) + "\n", encoding="utf-8")
    text = summary(seen)
    (folder / "summary.txt").write_text(text, encoding="utf-8")
    return text


def summary(seen):
    kills, figures, same = seen["kills"], seen.get("figures", {}), seen.get("replayed", {})
    minutes = seen["killing_seconds"] / 60
    lines = [
        f"seed                  {seen['seed']} (again: IOC_SEED={seen['seed']})",
        f"kills                 {len(kills)} in {minutes:.1f} minutes, {len(kills) / max(minutes, 0.01):.1f} a minute",
        f"  proved by the log   {sum(kill['step'] != 'random' for kill in kills)} at a named step",
        f"  workers             {sorted({kill['workers'] for kill in kills})}",
    ]
    lines += [f"  {what:32} {count}" for what, count in of_kills(kills).items()]
    if figures:
        lines += [
            f"all sending to the end {'yes' if seen['all_still_sending'] else 'no: some had nothing left to send'}",
            f"messages              {figures['messages']}, {rate(figures):.0f}/s over the whole run, downtime included",
            f"  at the busiest      {figures['busiest']}/s over ten seconds",
            f"  by kind             {figures['by_kind']}",
            f"  by publisher        {figures['by_publisher']}",
            f"acknowledged          {figures['acknowledged']}",
            f"lost                  {figures['lost']}",
            f"stored twice          {figures['doubled']}",
            f"envelopes on the log  {figures['envelopes']} (more than messages: sent again after a kill)",
            f"keys compared         {figures['keys']}",
            f"windows compared      {figures['windows']}, of which {figures['revised']} were revised",
            f"days read back        {seen['read_back']} in the last life alone",
            f"indices compared      {figures['indices']}",
        ]
        lines += [f"  {what:32} {count}" for what, count in (figures["devices"] | figures["reports"]).items()]
    lines += [f"  the same unkilled   {count:9} rows of {table}" for table, count in same.items()]
    findings = seen["findings"]
    lines += [f"findings              {len(findings) or 'none'}", *(f"  {finding[:600]}" for finding in findings)]
    return "\n".join(lines) + "\n"
