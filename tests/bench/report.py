# SPDX-License-Identifier: Apache-2.0
"""The table, and the picture for the README."""
from statistics import median
from xml.sax.saxutils import escape

from workloads import WORKLOADS


def values(results, workload, peer):
    return [one["value"] for one in results if (one["workload"], one["peer"]) == (workload, peer)]


def middle(results, workload, peer, key="value"):
    found = [one[key] for one in results if (one["workload"], one["peer"]) == (workload, peer) and key in one]
    return median(found) if found else None


def ratio(results, workload, peer, others):
    """The median over rounds of its value over the least of theirs in the same round."""
    by_round = {}
    for one in results:
        if one["workload"] == workload:
            by_round.setdefault(one["round"], {})[one["peer"]] = one["value"]
    found = [got[peer] / min(got[one] for one in others if one in got) for got in by_round.values()
             if peer in got and any(one in got for one in others)]
    return median(found) if found else None


def verdicts(results, workload, peer):
    told = []
    for others, most in WORKLOADS[workload].targets.get(peer, ()):
        got = ratio(results, workload, peer, others)
        if got is not None:
            told.append(f"{got:.2f} of {' or '.join(others)} (at most {most:g}: {'yes' if got <= most + 0.005 else 'NO'})")
    return "; ".join(told)


def number(value):
    return "" if value is None else f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def table(results):
    rows = [("workload", "peer", "median", "unit", "spread", "a second", "p50 µs", "p99 µs", "target")]
    for name, workload in WORKLOADS.items():
        found = sorted((middle(results, name, peer), peer) for peer in workload.peers if values(results, name, peer))
        for value, peer in found:
            all_values = values(results, name, peer)
            spread = f"{(max(all_values) - min(all_values)) / value * 100:.0f} %" if value else ""
            notes = sorted({one["note"] for one in results if (one["workload"], one["peer"]) == (name, peer) and "note" in one})
            rows.append((workload.about, peer, number(value), workload.unit, spread,
                         number(middle(results, name, peer, "per_second")), number(middle(results, name, peer, "p50_us")),
                         number(middle(results, name, peer, "p99_us")), "; ".join([verdicts(results, name, peer)] * bool(
                             verdicts(results, name, peer)) + notes)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def picture(results):
    """Bars of what a request costs, HTTP/1.1 with 16 tokens."""
    found = sorted((middle(results, "few", peer), peer) for peer in WORKLOADS["few"].peers if values(results, "few", peer))
    if not found:
        return None
    scale, step = 420 / max(value for value, _ in found), 24
    bars = []
    for i, (value, peer) in enumerate(found):
        fill = "#1769aa" if peer.startswith("gatewarden") else "#b0b6bd"
        bars.append(f'<text x="190" y="{50 + i * step}" text-anchor="end">{escape(peer)}</text>'
                    f'<rect x="200" y="{37 + i * step}" width="{max(value * scale, 1):.0f}" height="17" fill="{fill}"/>'
                    f'<text x="{206 + value * scale:.0f}" y="{50 + i * step}">{value:.1f}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="690" height="{50 + len(found) * step}" font-family="sans-serif" '
            f'font-size="13"><rect width="100%" height="100%" fill="#fff"/><text x="10" y="20" font-weight="bold">'
            f'CPU µs of the proxy a request: TLS, HTTP/1.1, 16 tokens</text>{"".join(bars)}</svg>\n')
