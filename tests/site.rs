//! flow-graph's page, used as people use it, in a browser: what it draws is what rrdtool says. Where there is no
//! Chromium that is passed over, unless NEED_CHROMIUM is set.

#[path = "common/chromium.rs"]
mod chromium;
mod common;
#[path = "common/site.rs"]
mod site;

use std::fs;

use chromium::Browser;
use common::traffic::T;
use common::{run_in, stderr};
use flowtools::graph::view::Report;
use site::{END, GRAPH, Plot, Rrds, SILENT, address, made};

/// Waits until a view has been drawn whose link has these words.
fn drawn(browser: &mut Browser, words: &[&str]) {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    browser.wait(&format!(
        "(() => {{ const is = document.getElementById('plot')?.dataset.view ?? ''; const words = is.split(/[#&]/); \
         return is !== '' && [{}].every((word) => words.includes(word)); }})()",
        words.join(",")
    ));
}

/// A browser with the page, at a desk.
fn opened(test: &str, link: &str) -> Option<Browser> {
    // Made first, so that it is made where nobody can look at it, too.
    let address = address(link);
    let mut browser = Browser::start(test)?;
    browser.size(1280, 800, false);
    browser.open(&address);
    drawn(&mut browser, &[]);
    Some(browser)
}

fn choose(browser: &mut Browser, name: &str, value: &str) {
    browser.click(&format!("input[name={name}][value='{value}']"));
    drawn(browser, &[&format!("{name}={value}")]);
}

fn well(browser: &Browser) {
    assert_eq!(browser.complaints(), [] as [String; 0]);
    assert!(browser.requests() > 0, "requests are seen at all");
}

#[test]
fn every_menu_shows_what_rrds_hold() {
    let Some(mut browser) = opened("every_menu_shows_what_rrds_hold", "") else { return };
    let (browser, mut rrds) = (&mut browser, Rrds::open());
    for by in ["total", "service", "protocol", "network", "category", "tos", "as", "router"] {
        choose(browser, "by", by);
        let items = rrds.expected(by, None);
        let plot = Plot::read(browser);
        assert_eq!((plot.from, plot.to, plot.step), ((END - 86_400) as f64, END as f64, 300.0));
        let compared = plot.compare(&mut rrds, Report::Bits, &items);
        assert_eq!(compared, 33 * 2 * items.len(), "{by}: a hole of three is not drawn");
        for row in [260, 286, 287] {
            plot.hover(browser, &mut rrds, Report::Bits, &items, row);
        }
    }
    choose(browser, "by", "service");
    // Routers are chosen by keys: the list that a click opens is not the page's.
    for router in 0..rrds.all.routers.len() {
        browser.value("document.getElementById('router').focus()");
        browser.key("ArrowDown");
        drawn(browser, &[&format!("router={}", rrds.all.routers[router].label)]);
        let items = rrds.expected("service", Some(router));
        for report in Report::ALL {
            choose(browser, "report", report.word());
            let plot = Plot::read(browser);
            assert_eq!(plot.compare(&mut rrds, report, &items), 33 * 2 * items.len());
            plot.hover(browser, &mut rrds, report, &items, 280);
        }
    }
    let router = rrds.all.routers.len() - 1;
    let items = rrds.expected("service", Some(router));
    // Five minutes' rows do not reach back to the first hour, sixty hours before; those of half hours would be too many
    // for a quarter. Of days, none is over that is known by half.
    let archives = [(300, 33), (1800, 8), (7200, 2), (86_400, 0)];
    let periods =
        [("6h", 0), ("12h", 0), ("2days", 0), ("week", 1), ("month", 1), ("quarter", 2), ("year", 3), ("2years", 3)];
    for (period, archive) in periods {
        choose(browser, "period", period);
        let plot = Plot::read(browser);
        let (step, rows) = archives[archive];
        assert_eq!(plot.step as u64, step, "{period}");
        assert_eq!(plot.compare(&mut rrds, Report::Flows, &items), rows * 2 * items.len(), "{period}");
        // What has not come to the end of its row is shown all the same.
        let mut ends = plot.shapes.iter().map(|(.., edge)| edge.last().map(|[_, to, _]| *to));
        assert!(ends.all(|to| to.is_some_and(|to| (to - plot.x(plot.to)).abs() < 0.1)));
    }
    well(browser);
}

#[test]
fn the_legend_says_and_switches() {
    let Some(mut browser) = opened("the_legend_says_and_switches", "#by=network&period=6h") else { return };
    let browser = &mut browser;
    // The mean of what is known of a label, as the legend has it and as the drawing has.
    let plot = Plot::read(browser);
    let (.., edge) = plot.shapes.iter().find(|shape| shape.1 == "labs" && shape.2 == "in").unwrap();
    assert_eq!(edge.len(), 33);
    let share: f64 =
        browser.text("document.querySelector('#legend tr[data-label=labs] .share.in').dataset.value").parse().unwrap();
    assert!(share > 1.0 && share < 100.0, "{share}");
    let labels = |browser: &mut Browser| {
        browser.text("[...document.querySelectorAll('#plot .area[data-way=in]')].map((e) => e.dataset.label).join(' ')")
    };
    assert_eq!(labels(browser), "labs campus <b>&amp;");
    browser.click("#legend input[value=campus]");
    drawn(browser, &["off=campus"]);
    assert_eq!(labels(browser), "labs <b>&amp;");
    browser.click("#tools button:nth-of-type(2)");
    drawn(browser, &["off=labs,campus,%3Cb%3E%26amp%3B"]);
    assert_eq!(labels(browser), "");
    browser.click("#legend input[value='<b>&amp;']");
    drawn(browser, &["off=labs,campus"]);
    browser.click("#tools button:nth-of-type(1)");
    drawn(browser, &[]);
    browser.wait("!location.hash.includes('off=')");
    // Labels are text wherever they stand.
    assert_eq!(labels(browser), "labs campus <b>&amp;");
    assert_eq!(browser.value("document.querySelectorAll('main b:not(#exporters b), main img').length"), 0);
    assert!(browser.text("document.getElementById('legend').textContent").contains("<b>&amp;"));
    // A link to be copied, and the numbers as a file.
    browser.click("#link");
    browser.wait("document.getElementById('link').textContent === 'Copied' || document.getElementById('address').value.includes('#report=bits&by=network')");
    browser.value(
        "URL.createObjectURL = (blob) => { blob.text().then((text) => (window.saved = text)); return 'data:,'; }, 0",
    );
    browser.click("#csv");
    browser.wait("(window.saved ?? '').split('\\n').length === 73");
    assert!(browser.text("window.saved").starts_with("end,\"labs in bit/s\",\"labs out bit/s\",\"campus in bit/s\""));
    well(browser);
}

#[test]
fn links_and_zooms_lead_there_and_back() {
    let link = "#report=packets&by=service&period=week&router=core&off=web";
    let Some(mut browser) = opened("links_and_zooms_lead_there_and_back", link) else { return };
    let (browser, mut rrds) = (&mut browser, Rrds::open());
    let mut items = rrds.expected("service", Some(1));
    items.retain(|item| item.label != "web");
    let week = Plot::read(browser);
    assert_eq!(week.compare(&mut rrds, Report::Packets, &items), 8 * 2 * items.len());
    assert_eq!(browser.value("document.querySelector('#router').value"), "core");
    assert_eq!(browser.value("document.querySelector('#legend input[value=web]').checked"), false);
    // Dragged over the last four hours: five minutes' rows.
    let corner = browser
        .value("(() => { const r = document.getElementById('plot').getBoundingClientRect(); return [r.x, r.y]; })()");
    let corner = [corner[0].as_f64().unwrap(), corner[1].as_f64().unwrap() + 50.0];
    let place = |time: u64| [corner[0] + week.x(time as f64), corner[1]];
    let drag = |browser: &mut Browser| {
        browser.mouse("mousePressed", place(END - 4 * 3600), 1);
        browser.mouse("mouseMoved", place(END - 2 * 3600), 1);
        browser.mouse("mouseMoved", place(END), 1);
        browser.mouse("mouseReleased", place(END), 1);
        browser.wait("document.getElementById('plot').dataset.view.includes('from=')");
    };
    drag(browser);
    let near = Plot::read(browser);
    assert!((near.from - (END - 4 * 3600) as f64).abs() < 1200.0 && (near.to - END as f64).abs() < 600.0);
    assert_eq!(near.step, 300.0);
    assert_eq!(near.compare(&mut rrds, Report::Packets, &items), 33 * 2 * items.len());
    // The same link elsewhere is the same view.
    let here = browser.text("location.href");
    browser.open(&here);
    drawn(browser, &["period=week", "off=web"]);
    let again = Plot::read(browser);
    assert!((again.from, again.to) == (near.from, near.to) && again.shapes == near.shapes);
    // Back by a key, a button, a double click, and the browser's own button.
    browser.key("Escape");
    browser.wait("!document.getElementById('plot').dataset.view.includes('from=')");
    drag(browser);
    browser.click("#back");
    browser.wait("!document.getElementById('plot').dataset.view.includes('from=')");
    drag(browser);
    for clicks in [1, 2] {
        browser.mouse("mousePressed", place(END - 86_400), clicks);
        browser.mouse("mouseReleased", place(END - 86_400), clicks);
    }
    browser.wait("!document.getElementById('plot').dataset.view.includes('from=')");
    choose(browser, "report", "flows");
    browser.value("history.back()");
    drawn(browser, &["report=packets", "period=week", "router=core", "off=web"]);
    assert_eq!(browser.value("document.querySelector('input[name=report]:checked').value"), "packets");
    // Links with nonsense are as if it were not there.
    browser.open(&address("#by=nothing&period=%&from=9&to=1&router=<b>&off=%zz,x&report"));
    drawn(browser, &["by=service", "period=day"]);
    well(browser);
}

/// The element that has the focus, in a word.
fn focus(browser: &mut Browser) -> String {
    browser.text(
        "(() => { const e = document.activeElement; return e.id || `${e.name || e.closest('[id]')?.id}:${e.value || e.textContent}`; })()",
    )
}

/// Presses Tab until some element has the focus; all that had it on the way.
fn tab_to(browser: &mut Browser, wanted: &str) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < 60 {
        browser.key("Tab");
        let now = focus(browser);
        seen.push(now.clone());
        if now == wanted {
            return seen;
        }
    }
    panic!("{wanted} is not reached: {seen:?}");
}

#[test]
fn keys_are_enough() {
    let Some(mut browser) = opened("keys_are_enough", "#by=network&period=6h") else { return };
    let browser = &mut browser;
    browser.key("Tab");
    assert_eq!(focus(browser), "theme");
    assert_eq!(browser.value("getComputedStyle(document.activeElement).outlineStyle"), "solid", "the focus is seen");
    let seen = tab_to(browser, "plot");
    assert_eq!(
        seen,
        ["by:network", "report:bits", "period:6h", "router", "zoom:‹", "zoom:›", "zoom:+", "zoom:−", "plot"],
        "no stop is without use: there is nothing to zoom out of"
    );
    // The newest values are said at once, then the one before, and so on.
    let said = |browser: &mut Browser| browser.text("document.getElementById('plot').getAttribute('aria-valuetext')");
    assert!(said(browser).starts_with("Sat 3 Jan 15:55 – 16:00: total in "), "{}", said(browser));
    browser.key("ArrowLeft");
    assert!(said(browser).starts_with("Sat 3 Jan 15:50 – 15:55: total in "), "{}", said(browser));
    assert_eq!(browser.value("document.getElementById('box').hidden"), false);
    browser.key("Home");
    assert!(said(browser).contains(": total in unknown, out unknown; "), "{}", said(browser));
    // From one mark to the other.
    browser.key("End");
    browser.key("Enter");
    (0..11).for_each(|_| browser.key("ArrowLeft"));
    browser.key("Enter");
    drawn(browser, &[&format!("from={}", END - 3600), &format!("to={END}")]);
    browser.key("+");
    browser.wait("(({ to, from }) => to - from === 1800)(document.getElementById('plot').dataset)");
    browser.key("Escape");
    browser.wait("!document.getElementById('plot').dataset.view.includes('from=')");
    let seen = tab_to(browser, "legend::total");
    assert_eq!(
        seen,
        ["tools:All", "tools:None", "csv", "link", "legend:labs", "legend:campus", "legend:<b>&amp;", "legend::total"]
    );
    browser.key(" ");
    drawn(browser, &["off=%3Atotal"]);
    assert_eq!(browser.value("document.querySelectorAll('#plot .line').length"), 0);
    assert_eq!(focus(browser), "legend::total", "the focus stays");
    // Menus.
    tab_to(browser, "board");
    browser.key("ArrowDown");
    browser.value("scrollTo(0, 0), document.getElementById('theme').focus()");
    tab_to(browser, "by:network");
    browser.key("ArrowRight");
    drawn(browser, &["by=category"]);
    well(browser);
}

#[test]
fn phones_and_darkness() {
    let Some(mut browser) = opened("phones_and_darkness", "") else { return };
    let browser = &mut browser;
    let back = |browser: &mut Browser| browser.text("getComputedStyle(document.body).backgroundColor");
    let light = back(browser);
    browser.tell(
        "Emulation.setEmulatedMedia",
        serde_json::json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }),
    );
    let dark = back(browser);
    assert_ne!(light, dark);
    // The switch: light and dark whatever the system has, then as it has.
    for expected in [&light, &dark, &dark] {
        browser.click("#theme");
        assert_eq!(back(browser), *expected);
    }
    for (width, height) in [(360, 740), (740, 360), (1000, 700), (1280, 800), (1500, 900), (1920, 1080)] {
        browser.size(width, height, width == 360);
        for by in ["total", "service", "category"] {
            choose(browser, "by", by);
            let wide = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(width), "{by}: {wide} of {width}");
        }
    }
    browser.size(360, 740, true);
    browser.open(&address("#by=service&period=6h"));
    drawn(browser, &["by=service"]);
    let texts = browser.value(
        "(() => { const boxes = [...document.querySelectorAll('#plot text')].map((e) => e.getBoundingClientRect()); \
         return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => a.x < b.right && b.x < a.right && a.y < b.bottom && b.y < a.bottom)).length; })()",
    );
    assert_eq!(texts, 0, "no text lies over another");
    // A finger shows values; it may go along.
    let [x, y] = browser.middle("#plot");
    browser.touch("touchStart", &[[x, y]]);
    browser.wait("!document.getElementById('box').hidden");
    let first = browser.text("document.querySelector('#box caption').textContent");
    browser.touch("touchMove", &[[x + 60.0, y]]);
    browser.wait(&format!("document.querySelector('#box caption').textContent !== {}", serde_json::json!(first)));
    assert_eq!(browser.value(BOXED), true);
    browser.touch("touchEnd", &[]);
    // Two fingers zoom to what lies between them.
    browser.touch("touchStart", &[[x - 20.0, y]]);
    browser.touch("touchStart", &[[x - 20.0, y], [x + 20.0, y]]);
    browser.touch("touchMove", &[[x - 40.0, y], [x + 80.0, y]]);
    browser.touch("touchEnd", &[]);
    browser.wait("document.getElementById('plot').dataset.view.includes('from=')");
    browser.click("#back");
    browser.wait("!document.getElementById('plot').dataset.view.includes('from=')");
    well(browser);
}

#[test]
fn exporters_and_talkers_are_shown() {
    let Some(mut browser) = opened("exporters_and_talkers_are_shown", "") else { return };
    let browser = &mut browser;
    let rows = browser.value("[...document.querySelectorAll('#exporters tbody tr')].map((tr) => [tr.cells[1].textContent, tr.cells[0].textContent])");
    // Europe/Berlin is an hour ahead.
    let (hour, minute) = (((T + 300 * SILENT) % 86_400) / 3600 + 1, (T + 300 * SILENT) % 3600 / 60);
    let silent = rows[0][1].as_str().unwrap();
    assert!(silent.starts_with("silent since "), "{rows}");
    let said: Vec<u64> = silent[13..].split(':').map(|number| number.parse().unwrap()).collect();
    let minutes = |h: u64, m: u64| h * 60 + m;
    assert!((0..=5).contains(&(minutes(hour, minute) - minutes(said[0], said[1]))), "{silent}: {hour}:{minute}");
    // First those that are wanted.
    assert!(rows[0][0] == "edge 192.0.2.1" && rows[1][0] == "quiet 192.0.2.99", "{rows}");
    assert!(rows[1][1] == "never heard" && rows[2][1] == "sending" && rows[3][1] == "sending", "{rows}");
    let hint = browser.text("document.getElementById('hint').textContent");
    assert!(hint.starts_with("The newest data are ") && hint.ends_with("edge is silent"), "{hint}");
    // The newest scoreboard, as flow-scan wrote it; the average; others of the day.
    let lists = "[...document.querySelectorAll('.board')].map((t) => [...t.tBodies[0].rows].map((r) => r.cells[1].textContent))";
    let newest = browser.value(lists);
    let link = fs::read_to_string(made().join("board/latest.html")).unwrap();
    let at = link.find(newest[0][0].as_str().unwrap()).unwrap();
    assert!(newest[0].as_array().unwrap().len() == 5 && at < link.len() / 2);
    let count = browser.value("document.getElementById('board').options.length").as_u64().unwrap();
    assert_eq!(count, 1 + 2 * 33, "the last day's, and the average");
    browser.value("document.getElementById('board').focus()");
    browser.key("Home");
    browser.wait("document.getElementById('board').selectedOptions[0].textContent === 'on average'");
    let average = fs::read_to_string(made().join("board/average.html")).unwrap();
    let listed = browser.value(lists);
    assert!(listed[0].as_array().unwrap().iter().all(|address| average.contains(address.as_str().unwrap())));
    browser.click("input[name=measure][value=flows]");
    browser.wait("document.querySelectorAll('.board td.by').length === 10");
    well(browser);
}

#[test]
fn what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::copy(made().join("CUFlow.cf"), folder.join("CUFlow.cf")).unwrap();
    let nothing = run_in(folder, GRAPH, &["--site", "page"], b"");
    assert_eq!(nothing.status.code(), Some(1));
    assert_eq!(stderr(&nothing), "flow-graph: rrds: no RRDs: flow-scan makes them\n");
    // One that is missing, one that is none, and a state that is none.
    fs::create_dir(folder.join("rrds")).unwrap();
    for (from, to) in [("total", "total"), ("tos_normal", "tos_normal"), ("total", "neither")] {
        let [from, to] = [(made(), from), (folder, to)].map(|(root, name)| root.join(format!("rrds/{name}.rrd")));
        fs::copy(from, to).unwrap();
    }
    fs::write(folder.join("rrds/network_labs.rrd"), "no RRD").unwrap();
    fs::write(folder.join("rrds/flow-scan.state"), "mischief\n").unwrap();
    let partly = run_in(folder, GRAPH, &["--site", "page2"], b"");
    assert_eq!(partly.status.code(), Some(1));
    let said = stderr(&partly);
    for name in ["rrds/network_labs.rrd", "rrds: 24 of 27 RRDs are missing, as ", "rrds/edge", "rrds/flow-scan.state:1"]
    {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(!said.contains("edge/total") && !said.contains("neither"), "a line for a folder that is not there: {said}");
    assert!(!folder.join("page2/index.html.new").exists());
    let Some(mut browser) = Browser::start("what_is_missing_is_said") else { return };
    browser.open(&format!("file://{}/page/index.html", folder.display()));
    browser.wait("!document.getElementById('empty').hidden");
    assert!(browser.text("document.getElementById('empty').innerText").starts_with("There is nothing to show yet"));
    assert_eq!(browser.text("document.querySelectorAll('#exporters .never').length"), "4");
    browser.open(&format!("file://{}/page2/index.html", folder.display()));
    drawn(&mut browser, &[]);
    choose(&mut browser, "by", "tos");
    let labels = "[...document.querySelectorAll('#legend tbody tr')].map((tr) => tr.dataset.label).join(' ')";
    assert_eq!(browser.text(labels), "normal :total");
    let left = browser.text("document.getElementById('left-out').textContent");
    assert!(left.contains("network_labs") && left.contains("24 RRDs that are missing, as "), "{left}");
    // A router without RRDs, over a time of which every row would be too many.
    browser.open(&format!("file://{}/page2/index.html#router=edge&period=2years", folder.display()));
    drawn(&mut browser, &["router=edge"]);
    assert_eq!(browser.text("document.querySelector('#plot .nothing').textContent"), "no data of edge");
    browser.open(&format!("file://{}/page2/index.html", folder.display()));
    drawn(&mut browser, &[]);
    // What is neither in nor out has a line of its own, beside the total.
    choose(&mut browser, "by", "total");
    let same = "(() => { const d = (kind) => document.querySelector(`#plot ${kind}[data-way=in]`).getAttribute('d'); \
                return d('.line.total') === d('.line.neither') && document.querySelectorAll('#plot .area').length === 2; })()";
    assert_eq!(browser.value(same), true);
    assert!(browser.text("document.querySelector('#legend').textContent").contains("neither in nor out"));
    well(&browser);
}

/// Whether the box of values, and the table in it, lie within the drawing.
const BOXED: &str = "(() => { const [p, ...inner] = ['#plot', '#box', '#box table'].map((e) => document.querySelector(e).getBoundingClientRect()); \
                     return inner[1].right <= inner[0].right && inner.every((r) => r.width > 0 && r.left >= p.left && r.right <= p.right && r.top >= p.top && r.bottom <= p.bottom); })()";

#[test]
fn what_is_long_takes_no_room() {
    let page = fs::read_to_string(made().join("page/below/index.html")).unwrap();
    let missing = "a_router/protocol_of_some_length ".repeat(40);
    let more: String =
        (0..100).map(|n| format!("{{\"address\":\"2001:db8:1:2:3:4:5:{n}\",\"silent\":true}},")).collect();
    let page = page.replacen("\"missing\":[]", &format!("\"missing\":[\"{missing}\"]"), 1);
    let page = page.replacen("\"exporters\":[", &format!("\"exporters\":[{more}"), 1);
    assert!(page.contains(&missing) && page.contains(&more));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.html"), page).unwrap();
    let Some(mut browser) = Browser::start("what_is_long_takes_no_room") else { return };
    let browser = &mut browser;
    browser.size(1920, 1080, false);
    browser.open(&format!("file://{}/index.html", folder.path().display()));
    drawn(browser, &[]);
    let size = "(() => { const r = (e) => document.querySelector(e).getBoundingClientRect(); return [r('#plot').width, r('#exporters .scroll').height]; })()";
    let size = browser.value(size);
    assert!(size[0].as_f64().unwrap() > 1000.0 && size[1].as_f64().unwrap() < 500.0, "{size}");
    // On a phone the box of values has both columns, at either end and in the middle.
    browser.size(360, 740, true);
    choose(browser, "by", "service");
    let [x, y] = browser.middle("#plot");
    for at in [x - 100.0, x - 1.0, x + 1.0, x + 100.0, x + 150.0] {
        browser.touch("touchStart", &[[at, y]]);
        browser.wait("!document.getElementById('box').hidden");
        assert_eq!(browser.value(BOXED), true, "{at}");
        browser.touch("touchEnd", &[]);
    }
    // A touch elsewhere closes it.
    let [x, y] = browser.middle("#what");
    browser.touch("touchStart", &[[x, y]]);
    browser.wait("document.getElementById('box').hidden");
    browser.touch("touchEnd", &[]);
    well(browser);
}

#[test]
fn where_one_was_and_what_was_asked() {
    let Some(mut browser) = opened("where_one_was_and_what_was_asked", "#by=network&period=6h") else { return };
    let browser = &mut browser;
    // After a click the values go with the mouse.
    let [x, y] = browser.middle("#plot");
    browser.mouse("mouseMoved", [x, y], 0);
    browser.mouse("mousePressed", [x, y], 1);
    browser.mouse("mouseReleased", [x, y], 1);
    assert_eq!(browser.value("document.getElementById('box').hidden"), false);
    browser.mouse("mouseMoved", [2.0, 2.0], 0);
    browser.wait("document.getElementById('box').hidden");
    // Zooming by a key stays at the time.
    tab_to(browser, "plot");
    (0..20).for_each(|_| browser.key("ArrowLeft"));
    let caption = "document.querySelector('#box caption').textContent";
    let before = browser.text(caption);
    browser.key("+");
    browser.wait("document.getElementById('plot').dataset.view.includes('from=')");
    assert_eq!(browser.text(caption), before);
    // Escape belongs to a list that has the focus.
    browser.value("document.getElementById('router').focus()");
    browser.key("Escape");
    browser.value("document.getElementById('theme').focus()");
    assert_eq!(browser.value("document.getElementById('plot').dataset.view.includes('from=')"), true);
    browser.key("Escape");
    browser.wait("!document.getElementById('plot').dataset.view.includes('from=')");
    // Nothing shown is not the same as nothing known, and the total stays off.
    let gaps = browser.text("document.querySelectorAll('#plot .gap').length");
    browser.click("#legend input[value=':total']");
    drawn(browser, &["off=%3Atotal"]);
    browser.click("#tools button:nth-of-type(2)");
    drawn(browser, &["off=labs,campus,%3Cb%3E%26amp%3B,%3Atotal"]);
    assert_eq!(browser.text("document.querySelectorAll('#plot .gap').length"), gaps);
    assert_eq!(browser.value("document.querySelectorAll('#plot .area, #plot .line, #plot .nothing').length"), 0);
    assert_eq!(browser.text("document.querySelector('#legend th.max').textContent"), "max");
    // Times beyond all that there can be, none at all, and labels that are none.
    browser.open(&address("#by=network&from=1&to=99999999999&off=x,labs"));
    drawn(browser, &["off=labs", &format!("to={END}"), &format!("from={}", END - 731 * 86_400)]);
    assert_eq!(browser.text("document.querySelector('#legend th.max').textContent"), "max (1 day mean)");
    browser.open(&address(&format!("#by=network&from={}&to={}", END - 1, END)));
    drawn(browser, &[&format!("from={}", END - 1200), &format!("to={END}")]);
    // A time of which nothing is known; its year is not this one.
    browser.open(&address(&format!("#by=network&from={}&to={}", END - 100 * 86_400, END - 99 * 86_400)));
    drawn(browser, &[]);
    assert_eq!(browser.text("document.querySelector('#plot .nothing').textContent"), "no data at this time");
    assert!(browser.text("document.getElementById('what').textContent").contains(" 2025 "));
    well(browser);
}
