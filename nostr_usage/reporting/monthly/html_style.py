"""The style sheet of a report as HTML: wide and narrow screens, light and dark, and A4."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #57606a; --line: #d0d7de; --paper: #ffffff;
  --bar: #1f6feb; --alarm: #b42318; --alarm-paper: #fef3f2 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --faint: #9aa4af; --line: #3d444d;
  --paper: #0d1117; --bar: #58a6ff; --alarm: #ffa198; --alarm-paper: #3a1713 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1rem; max-width: 60rem; color: var(--ink); background: var(--paper);
  font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif }
h1 { font-size: 1.6rem; margin: 0 0 1rem } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem }
.warning { color: var(--alarm); background: var(--alarm-paper); border: 2px solid; border-radius: 4px;
  padding: .6rem .8rem; font-weight: 600 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0 }
dt { color: var(--faint) } dd { margin: 0; overflow-wrap: anywhere }
.standing { color: var(--faint); font-size: .85rem; overflow-wrap: anywhere; margin-top: 1.5rem }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; font-size: .95em }
table.sheet, table.part { max-width: 40rem }
caption, figcaption { text-align: left; font-weight: 600; padding-bottom: .3rem }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere }
th { color: var(--faint); font-weight: 400 }
th.number, td.number { text-align: right; padding-right: .6rem; white-space: nowrap;
  font-variant-numeric: tabular-nums }
tfoot td { font-weight: 600; border-bottom: 0; border-top: 1px solid var(--ink) }
table.part td:first-child { width: 45% }
table.entries { font-size: .82em } table.entries td:nth-child(-n+2) { white-space: nowrap }
figure { margin: 1.5rem 0 } figure p { color: var(--faint); margin: .2rem 0 }
svg { width: 100%; height: auto } svg rect { fill: var(--bar) } svg line { stroke: var(--faint) }
svg text { fill: var(--faint); font-size: 11px }
pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line);
  border-radius: 4px; padding: .6rem .8rem; font-size: .85rem }
@media print {
  :root { color-scheme: light; --ink: #000; --faint: #444; --line: #bbb; --paper: #fff; --bar: #333;
    --alarm: #900; --alarm-paper: #fff }
  @page { size: A4; margin: 16mm }
  body { padding: 0; max-width: none; font-size: 10pt }
  h2, caption, figure, tr { break-inside: avoid } h2, caption { break-after: avoid }
  thead { display: table-header-group } tfoot { display: table-row-group }
}
"""
