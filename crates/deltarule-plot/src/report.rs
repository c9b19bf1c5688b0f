//! A page of pictures, tables and words: one file of HTML that needs nothing else.

use std::fmt::Write as _;

use crate::picture::Picture;
use crate::svg::escaped;

/// A report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// What it is about.
    pub title: String,
    /// The first lines.
    pub lead: Vec<String>,
    /// What follows.
    pub sections: Vec<Section>,
    /// The last line.
    pub footer: String,
}

/// A part of a report under a heading of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// What is below it.
    pub parts: Vec<Part>,
}

/// What a section is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A paragraph.
    Text(String),
    /// Lines as they are, in letters of one width.
    Lines(String),
    /// A table: what stands above its columns, and its rows. The first column is text, the others are numbers.
    Table(Vec<String>, Vec<Vec<String>>),
    /// A picture, for light and for dark pages.
    Picture(Box<[Picture; 2]>),
}

/// Everything that the page needs; no script, and nothing from elsewhere.
const STYLE: &str = "\
:root{color-scheme:light dark;--page:#fff;--ink:#1a1a1a;--muted:#595959;--rule:#dcdcdc;--box:#f6f6f6}\
@media(prefers-color-scheme:dark){:root{--page:#16181d;--ink:#ececec;--muted:#a8adb5;--rule:#33373e;--box:#1f2228}}\
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,'DejaVu Sans',Verdana,sans-serif}\
main{max-width:50rem;margin:0 auto;padding:2rem 1.2rem 3rem}\
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .6rem;overflow-wrap:anywhere}\
h2{font-size:1.2rem;margin:2.4rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--rule)}\
p{margin:.5rem 0;overflow-wrap:anywhere}.lead p{color:var(--muted)}nav{margin:1rem 0 0}nav a{margin-right:1rem;color:inherit}\
pre{background:var(--box);padding:.8rem 1rem;border-radius:6px;font:13px/1.45 ui-monospace,'DejaVu Sans Mono',monospace;\
overflow-x:auto;white-space:pre}\
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:.8rem 0;font-variant-numeric:tabular-nums}\
th,td{padding:.25rem .9rem .25rem 0;border-bottom:1px solid var(--rule);text-align:right}\
th:first-child,td:first-child{text-align:left;overflow-wrap:anywhere}th{color:var(--muted);font-weight:600}\
figure{margin:1rem 0}figure svg{width:100%;height:auto;display:block}.dark{display:none}\
@media(prefers-color-scheme:dark){.light{display:none}.dark{display:block}}\
footer{margin-top:2.5rem;color:var(--muted);font-size:.85rem}\
@media print{:root{color-scheme:light;--page:#fff;--ink:#000;--muted:#444;--rule:#ccc;--box:#fff}\
.light{display:block!important}.dark,nav{display:none!important}main{max-width:none;padding:0}\
body{font-size:9.5pt;line-height:1.4}h1{font-size:16pt}h2{font-size:12pt;margin:1.1rem 0 .3rem;padding-top:0;border-top:0;break-after:avoid}\
p{margin:.3rem 0;orphans:3;widows:3}figure{margin:.4rem 0;break-inside:avoid}figure svg{max-height:86mm}\
table{font-size:8.5pt;margin:.4rem 0}th,td{padding:.08rem .8rem .08rem 0}tr{break-inside:avoid}.scroll{overflow:visible}\
pre{font-size:7pt;line-height:1.35;padding:.4rem .6rem;overflow:visible;white-space:pre-wrap;border:1px solid #ccc;orphans:4;widows:4}\
footer{margin-top:1rem}@page{margin:15mm}}";

impl Report {
    /// As one file of HTML: styles and pictures in it, no script, and nothing that is fetched.
    pub fn to_html(&self) -> String {
        let title = escaped(&self.title);
        // Writing into a String cannot fail.
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>{title}</h1>\n<div class=\"lead\">\n"
        );
        for line in &self.lead {
            let _ = writeln!(html, "<p>{}</p>", escaped(line));
        }
        html.push_str("</div>\n<nav aria-label=\"sections\">");
        for (k, section) in self.sections.iter().enumerate() {
            let _ = write!(html, "<a href=\"#s{}\">{}</a>", k + 1, escaped(&section.heading));
        }
        html.push_str("</nav>\n");
        for (k, section) in self.sections.iter().enumerate() {
            let _ = writeln!(html, "<section id=\"s{}\">\n<h2>{}</h2>", k + 1, escaped(&section.heading));
            section.parts.iter().for_each(|part| push_part(&mut html, part));
            html.push_str("</section>\n");
        }
        let _ = write!(html, "<footer>{}</footer>\n</main>\n</body>\n</html>\n", escaped(&self.footer));
        html
    }
}

fn push_part(html: &mut String, part: &Part) {
    match part {
        Part::Text(text) => {
            let _ = writeln!(html, "<p>{}</p>", escaped(text));
        }
        Part::Lines(text) => {
            let lines: Vec<String> = text.trim_end().lines().map(escaped).collect();
            let _ = writeln!(html, "<pre tabindex=\"0\">{}</pre>", lines.join("\n"));
        }
        Part::Table(head, rows) => {
            html.push_str("<div class=\"scroll\" tabindex=\"0\"><table>\n");
            let row = |cells: &[String], tag: &str| {
                let cells: String = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect();
                format!("<tr>{cells}</tr>\n")
            };
            let _ = writeln!(html, "<thead>{}</thead><tbody>", row(head, "th"));
            rows.iter().for_each(|cells| html.push_str(&row(cells, "td")));
            html.push_str("</tbody></table></div>\n");
        }
        Part::Picture(pictures) => {
            html.push_str("<figure>\n");
            for (picture, class) in pictures.iter().zip(["light", "dark"]) {
                let _ = write!(html, "<div class=\"{class}\">{}</div>", picture.svg());
            }
            html.push_str("</figure>\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_words_the_page_is_whole() {
        let text = "a <b> & \"c\" </pre><script>".to_owned();
        let report = Report {
            title: text.clone(),
            lead: vec![text.clone()],
            sections: vec![Section {
                heading: text.clone(),
                parts: vec![
                    Part::Text(text.clone()),
                    Part::Lines(format!("{text}\nsecond")),
                    Part::Table(vec![text.clone()], vec![vec![text.clone()]]),
                ],
            }],
            footer: text,
        };
        let html = report.to_html();
        assert!(
            !html.contains("<script") && html.matches("</pre>").count() == 1 && html.contains("&lt;script&gt;\nsecond")
        );
        assert!(!html.contains("http://") && !html.contains("https://"));
    }
}
