"""The ratios as an SVG: one bar a pair, on a logarithmic axis, so that twice as good and half as good are equally long."""
import math
from xml.sax.saxutils import escape

ROW, LEFT, WIDTH, TOP = 18, 250, 430, 54


USUAL = "Groundnut beside others: how many times better (right) or worse (left)"


def plot(rows, machine, title=USUAL):
    # "better by" is above 1 when we are better, whichever way the metric counts
    better = [(r["what"], r["way"], r["value"] if r["more_is_better"] else 1 / r["value"], r["value"]) for r in rows
              if r["kind"] == "ratio" and r["value"] > 0]
    most = max([abs(math.log2(b)) for _, _, b, _ in better] + [1]) * 1.05
    middle, scale = LEFT + WIDTH / 2, WIDTH / 2 / most
    height = TOP + ROW * len(better) + 30
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">' % (LEFT + WIDTH + 60, height),
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           '<text x="10" y="20" font-size="%d">%s</text>' % (15 if title == USUAL else 12, escape(title)),
           '<text x="10" y="38" fill="#666666">medians of paired ratios, both programs together; %s</text>' % escape(machine)]
    for step in range(-int(most), int(most) + 1):
        x = middle + step * scale
        out.append('<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s"/>' % (x, x, TOP - 6, height - 22, "#444444" if step == 0 else "#dddddd"))
        out.append('<text x="%.1f" y="%d" text-anchor="middle" fill="#666666">%s</text>'
                   % (x, height - 8, "%d×" % 2 ** step if step >= 0 else "1/%d" % 2 ** -step))
    for i, (label, way, b, ratio) in enumerate(better):
        y, length = TOP + ROW * i, math.log2(b) * scale
        out.append('<text x="%d" y="%d" text-anchor="end">%s, %s</text>' % (LEFT - 8, y + 12, escape(label), escape(way)))
        out.append('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>'
                   % (middle + min(0, length), y + 2, max(1, abs(length)), ROW - 5, "#3b7dd8" if b >= 1 else "#d8843b"))
    out.append("</svg>\n")
    return "\n".join(out)
