use super::*;

fn talker(address: &str, sums: [u64; 3]) -> Talker {
    Talker { address: address.parse().unwrap(), sums }
}

fn board(until: u64, talkers: &[Talker]) -> Board {
    let lists = [talkers.to_vec(), Vec::new(), Vec::new()];
    let out = Way { totals: [1000, 10, 5], talkers: talkers.len(), lists };
    Board { period: [until - 300, until], ways: [Way::default(), out] }
}

#[test]
fn averages_fade() {
    let mut score = Score::default();
    let (steady, once) = (talker("10.0.0.1", [200, 20, 2]), talker("2001:db8::1", [900, 1, 1]));
    assert!(score.add("1", &board(300, &[steady, once])));
    assert!(!score.add("1", &board(300, &[steady])), "a file counts once");
    for n in 2..100 {
        assert!(score.add(&n.to_string(), &board(n * 300, &[steady])));
    }
    let list = score.list(OUT, By::Octets, 10);
    // An average is of the files that list a host.
    assert_eq!(list, [(once.address, [900.0, 1.0, 1.0]), (steady.address, [200.0, 20.0, 2.0])]);
    // With the hundredth, what is kept is halved, and who was there once is forgotten.
    assert!(score.add("100", &board(30_000, &[steady])));
    assert_eq!((score.samples, score.hosts.len()), (50, 1));
    assert_eq!(score.list(OUT, By::Packets, 10), [(steady.address, [200.0, 20.0, 2.0])]);
    assert!(score.list(IN, By::Octets, 10).is_empty());
}

#[test]
fn what_is_kept_is_read() {
    let mut score = Score::default();
    score.add("a b", &board(300, &[talker("10.0.0.1", [200, 20, 2]), talker("2001:db8::1", [u64::MAX, 1, 1])]));
    let text = score.text();
    assert_eq!(Score::parse(&text), Ok(score));
    for cut in 0..text.len() - 1 {
        assert!(Score::parse(&text[..cut]).is_err(), "{cut}");
    }
    assert_eq!(Score::parse("flow-scan scores 1\nhost x 1\nend\n"), Err(2));
    // CUFlow's own: what it kept goes on.
    let score = Score::parse("17\n10.0.0.1 2 10 20 30 40 50 60\n\n").unwrap();
    assert_eq!(score.samples, 17);
    assert_eq!(score.list(OUT, By::Octets, 10), [("10.0.0.1".parse().unwrap(), [20.0, 25.0, 30.0])]);
    assert_eq!(Score::parse("17\n10.0.0.1 2 10\n"), Err(2));
}

#[test]
fn a_page_shows_its_lists() {
    let page = Page::of(&board(300, &[talker("10.0.0.1", [1_234_567, 20, 2])]));
    let html = page.html();
    assert!(html.contains("<td>1<td>10.0.0.1<td>1\u{202f}234\u{202f}567<td>20<td>2<td>123456.7 %"), "{html}");
    assert!(!html.contains("http"), "nothing is fetched");
    assert_eq!(
        page.json(),
        "{\"from\":0,\"to\":300,\"outbound\":{\"octets\":[{\"address\":\"10.0.0.1\",\"octets\":1234567,\
         \"packets\":20,\"flows\":2}],\"packets\":[],\"flows\":[]},\"inbound\":{\"octets\":[],\"packets\":[],\
         \"flows\":[]}}\n"
    );
}
