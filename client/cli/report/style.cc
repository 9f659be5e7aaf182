#include "client/cli/report/style.h"

namespace tailcast::report {

// Colours differ in lightness as well as in hue, and every series has a mark of its own.
const char kStyleSheet[] = R"css(
:root {
  color-scheme: light dark;
  --page: #fdfdfc; --card: #f3f3f0; --ink: #1c1d1f; --muted: #5c6066; --rule: #dcdcd7;
  --ours: #0a5fb4; --control: #b8560b; --other: #5c6066; --highlight: #e7f0fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16181b; --card: #1f2226; --ink: #e8e8e6; --muted: #a2a7ae; --rule: #363a40;
    --ours: #72b4f5; --control: #f0a057; --other: #a2a7ae; --highlight: #1d2c3d;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 66rem; background: var(--page);
  color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem; padding-top: .7rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p, ul, dl { margin: .5rem 0; max-width: 46rem; }
.lead { color: var(--muted); margin-top: 0; }
.tiles { display: grid; gap: .7rem; margin: 1.3rem 0; max-width: none;
  grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }
.tiles > div { background: var(--card); border-radius: .5rem; padding: .7rem .9rem; }
.tiles dt { color: var(--muted); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.45rem; font-weight: 600; line-height: 1.3; }
.tiles dd.note { font-size: .85rem; font-weight: 400; color: var(--muted); }
.charts { display: grid; gap: 1.2rem 2rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.panels { display: grid; gap: .8rem; max-width: 46rem;
  grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
figure { margin: .6rem 0; }
figcaption { color: var(--muted); font-size: .85rem; }
svg { display: block; width: 100%; height: auto; max-width: 34rem; }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .92rem; min-width: 100%; }
caption { text-align: left; color: var(--muted); font-size: .85rem; padding-bottom: .35rem; }
th, td { text-align: left; padding: .34rem .9rem .34rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; font-weight: 400; }
thead th { color: var(--muted); font-size: .82rem; vertical-align: bottom; }
tbody th { min-width: 8.5rem; }
th.number, td.number { text-align: right; }
td.number { white-space: nowrap; }
tr.ours th, tr.ours td { background: var(--highlight); font-weight: 600; }
th .what { display: block; color: var(--muted); font-size: .82rem; font-weight: 400; }
.deviation { color: var(--muted); font-weight: 400; }
.tag { font-size: .75rem; font-weight: 400; color: var(--muted); border: 1px solid var(--rule);
  border-radius: 1rem; padding: .02rem .5rem; margin-left: .35rem; white-space: nowrap; }
details { margin: .7rem 0; }
summary { cursor: pointer; color: var(--ours); }
pre { background: var(--card); border-radius: .5rem; padding: .7rem .9rem; overflow-x: auto;
  font-size: .82rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font-size: .85em; overflow-wrap: anywhere; }
dl.facts { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .2rem 1rem; max-width: none; }
dl.facts dt { color: var(--muted); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.key { display: inline-flex; align-items: center; gap: .35rem; margin-right: 1.1rem; font-size: .85rem; }
.key svg { width: 12px; height: 12px; }
svg text { font-size: 12px; fill: var(--ink); font-family: inherit; }
svg .axis { fill: var(--muted); font-size: 11px; }
svg .value { font-weight: 600; }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .frame { fill: none; stroke: var(--rule); }
svg .reference { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 3 3; }
svg .link { stroke: var(--rule); stroke-width: 3; }
svg .bar { stroke-width: 2; }
svg .box { stroke-width: 8; stroke-opacity: .45; }
svg .ours { fill: var(--ours); stroke: var(--ours); }
svg .other { fill: var(--other); stroke: var(--other); }
svg .control { fill: var(--control); stroke: var(--control); }
svg .hollow { fill: var(--page); stroke-width: 1.5; }
svg .median { stroke: var(--page); stroke-width: 1.5; }
svg .generated { fill: var(--ours); fill-opacity: .4; }
svg .held-out { fill: none; stroke: var(--muted); stroke-width: 1; }
svg .training { fill: var(--control); }
@media (max-width: 40rem) {
  table { font-size: .85rem; }
  th, td { padding-right: .6rem; }
  td .deviation { display: block; font-size: .78rem; }
}
@media print { details > * { display: block; } .scroll { overflow: visible; } }
)css";

}  // namespace tailcast::report
