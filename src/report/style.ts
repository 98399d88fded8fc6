/** The report's style sheet: one column, light and dark paper, print. */
export const style = `
:root{color-scheme:light dark;--paper:#fff;--text:#1f2328;--soft:#5c636b;--line:#d9dce0;--shade:#f5f6f7}
@media(prefers-color-scheme:dark){:root{--paper:#15181c;--text:#e9ebee;--soft:#a7aeb6;--line:#343a41;--shade:#1d2126}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);font:15px/1.55 system-ui,"DejaVu Sans",sans-serif}
main{max-width:860px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:19px;margin:44px 0 10px;padding-top:18px;border-top:1px solid var(--line)}
h3{font-size:15px;margin:26px 0 6px;overflow-wrap:anywhere}
p{margin:8px 0;max-width:70ch;overflow-wrap:anywhere}
.soft,figcaption{color:var(--soft)}
code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
nav a{margin-right:14px}
a{color:inherit}
.wide{overflow-x:auto;margin:10px 0}
table{border-collapse:collapse;font-size:14px}
th,td{overflow-wrap:break-word;padding:4px 18px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft);font-size:13px}
.number{text-align:right;font-variant-numeric:tabular-nums}td.number{white-space:nowrap}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:10px;margin:20px 0}
.facts div{background:var(--shade);border-radius:8px;padding:10px 14px}
.facts b{display:block;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}
figure{margin:14px 0 22px}
figure svg{max-width:100%;height:auto}
.drawing{overflow-x:auto}.drawing svg{max-width:max(100%,var(--least))}
figcaption{font-size:13px;max-width:80ch}
li{margin:3px 0}
@media print{main{max-width:none;padding:0}.drawing svg{max-width:100%}figure,table{break-inside:avoid}}
`
