use super::*;
use crate::flow::symbols::Symbols;
use crate::select::config::{Sources, Variables};

fn read(text: &str) -> Result<Config, Mistake> {
    let files = |name: &str| match name {
        "CUFlow.cf" => Ok(text.to_owned()),
        "apps" => Ok("category ring\n port 7/tcp,\n 9/udp\n application bell*\n".replace(",\n 9", ",9")),
        _ => Err("no such file".to_owned()),
    };
    Config::read(&mut Sources::new(Variables::default(), files), "CUFlow.cf", &Symbols::default())
}

fn labels<T>(all: &[Labelled<T>]) -> Vec<&str> {
    all.iter().map(|one| one.label.as_str()).collect()
}

#[test]
fn every_directive_is_read() {
    let config = read(
        "# A campus.\n\
         Subnet 10.0.0.0/8\nSubnet 2001:db8::/32 # and IPv6\nsubnet 192.0.2/24\n\
         Network 10.1.0.0/16,10.2.0.0/16 labs\nNetwork 10.1.2.0/24, 2001:db8:1::/48 desk\nNetwork 10.3.0.0/16 labs\n\
         Router 192.0.2.1 edge\nRouter 2001:db8::1\n\
         Service 20-21/tcp,ftp-data/tcp ftp\nService 53/udp,domain/tcp dns\nService 0-65535/132 sctp\n\
         Protocol 6\nProtocol udp\nProtocol 50 vpn\n\
         TOS 0 normal\nTOS 0x20,40-47 better\n\
         ASNumber 64496,64497 friends\n\
         Multicast\nOutputDir /var/lib/flow-graph\n\
         Scoreboard 10 /var/www/top /var/www/top/latest.html\nAggregateScore 25 /var/lib/agg.dat /var/www/overall.html\n\
         Category apps\n",
    )
    .unwrap();
    assert_eq!(
        config.subnets.iter().map(|net| net.to_string()).collect::<Vec<_>>(),
        ["10.0.0.0/8", "2001:db8::/32", "192.0.2.0/24"]
    );
    assert_eq!(labels(&config.networks), ["labs", "desk"]);
    assert_eq!(config.networks.iter().map(|network| network.items.len()).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(labels(&config.routers), ["edge", "2001_db8__1"]);
    assert_eq!(
        config.services[0].items,
        [Ports { protocol: 6, low: 20, high: 21 }, Ports { protocol: 6, low: 20, high: 20 }]
    );
    assert_eq!(config.services[1].items[1], Ports { protocol: 6, low: 53, high: 53 });
    assert_eq!(config.services[2].items, [Ports { protocol: 132, low: 0, high: 65535 }]);
    assert_eq!(labels(&config.protocols), ["6", "udp", "vpn"]);
    assert_eq!(config.tos[1].items, [(32, 32), (40, 47)]);
    assert_eq!(config.asns[0].items, [64496, 64497]);
    assert!(config.multicast && config.warnings.is_empty());
    assert_eq!(config.output.as_deref(), Some("/var/lib/flow-graph"));
    let board = config.scoreboard.unwrap();
    assert_eq!((board.top, &*board.data, &*board.page), (10, "/var/www/top", "/var/www/top/latest.html"));
    assert_eq!(config.aggregate.unwrap().top, 25);
    assert_eq!(config.categories.list[0].items.len(), 3);
}

#[test]
fn what_makes_no_sense_is_named() {
    for (line, mistake) in [
        ("Subnett 10/8", "CUFlow.cf:2:1: 'Subnett': expected Subnet, Network, Router, Service,"),
        ("Subnet 10.0.0.0/33", "CUFlow.cf:2:8: '10.0.0.0/33': expected a prefix"),
        ("Subnet", "CUFlow.cf:2:7: expected a prefix"),
        ("Subnet 10/8 11/8", "CUFlow.cf:2:13: '11/8': expected the end of the line"),
        ("Network 10/8", "CUFlow.cf:2:13: expected a label"),
        ("Network 10/8 ../../etc/cron.d/x", "CUFlow.cf:2:14: '../../etc/cron.d/x': expected a label"),
        ("Network 10/8 .hidden", "CUFlow.cf:2:14: '.hidden': expected a label"),
        ("Router here", "CUFlow.cf:2:8: 'here': expected an exporter's address"),
        ("Service 80 http", "CUFlow.cf:2:9: '80': expected ports and their protocols"),
        ("Service 80-70/tcp http", "CUFlow.cf:2:9: '80-70/tcp': expected ports"),
        ("Service 80/tcp,81/tcpp http", "expected ports and their protocols"),
        ("Protocol 256", "CUFlow.cf:2:10: '256': expected an IP protocol"),
        ("TOS 300 x", "CUFlow.cf:2:5: '300': expected values of TOS"),
        ("ASNumber here x", "CUFlow.cf:2:10: 'here': expected numbers of autonomous systems"),
        ("Scoreboard none a b", "CUFlow.cf:2:12: 'none': expected how many are listed"),
        ("Scoreboard 10 a", "CUFlow.cf:2:16: expected the link to the newest page"),
        ("Category nowhere", "CUFlow.cf:2:10: 'nowhere': no such file"),
    ] {
        let told = read(&format!("Multicast\n{line}\n")).unwrap_err().to_string();
        assert!(told.contains(mistake), "{line}: {told}");
    }
}

#[test]
fn a_protocol_has_one_label() {
    let config =
        read("Service 80/tcp http\nService 79-81/tcp web\nProtocol 6 x\nProtocol tcp y\nProtocol 17\n").unwrap();
    assert_eq!(labels(&config.protocols), ["x", "y", "17"]);
    let told: Vec<String> = config.warnings.iter().map(Mistake::to_string).collect();
    assert_eq!(told, ["CUFlow.cf:4:10: 'tcp': was x's: a protocol has one label",]);
}

#[test]
fn the_categories_that_are_built_in_are_read() {
    let lines = crate::select::config::plain("categories", include_str!("../../../share/categories"), &['#']);
    Categories::default().read(&lines, &Symbols::default()).unwrap();
    let list = Categories::built_in().list;
    assert_eq!(labels(&list).len(), 10);
    // A port is in one category only, but for the wide range of streaming, which is what others leave.
    let mut known = std::collections::HashMap::new();
    for (label, item) in list.iter().flat_map(|category| category.items.iter().map(|item| (&category.label, item))) {
        let Application::Ports(ports) = item else { continue };
        for port in (ports.low..=ports.high).filter(|_| ports.high - ports.low < 10_000 || ports.low == 0) {
            assert_eq!(
                known.insert((ports.protocol, port), label).unwrap_or(label),
                label,
                "{port}/{}",
                ports.protocol
            );
        }
    }
}

#[test]
fn flowscan_is_read() {
    let text = "FlowFileGlob /flows/ft-v*[0-9]\nReportClasses CUFlow, CampusIO\nWaitSeconds 300\nVerbose 1\n";
    let found = FlowScan::read(&mut Sources::new(Variables::default(), |_| Ok(text.into())), "flowscan.cf").unwrap();
    assert!(found.is_cuflow && found.flow_file_glob.unwrap().matches("/flows/ft-v05.2026-11-22.120000+0000"));
    assert_eq!((found.wait_seconds, found.verbose), (Some(300), Some(true)));
    assert_eq!(found.unknown[0].to_string(), "flowscan.cf:2:23: 'CampusIO': is not known here, only CUFlow is");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n]{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn labels_stay_in_their_folder(text: String) {
        if let Some(label) = Label::of(&text) {
            let path = std::path::Path::new(label.as_str());
            proptest::prop_assert_eq!(path.components().count(), 1);
            proptest::prop_assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(text.as_str()));
        }
    }
}
