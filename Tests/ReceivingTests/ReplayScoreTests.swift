import Receiving
import Testing

@Suite("The score of a replay")
struct ReplayScoreTests {
    func row(
        _ event: String, _ endpoint: String, _ milliseconds: Int, _ state: ReplayOutcome.State, channel: String = "area-mail"
    ) -> ReplayOutcome {
        ReplayOutcome(
            event: event, kind: "eew", channel: channel, endpoint: endpoint, offset: .milliseconds(milliseconds), state: state)
    }

    var rows: [ReplayOutcome] {
        [
            row("quake", "a", 2500, .delivered), row("quake", "a", 9000, .delivered), row("quake", "b", 2500, .expired),
            row("quake", "c", 2400, .rejected), row("quake", "c", 3000, .delivered),
            row("quake", "wifi", 2600, .open, channel: "wifi-portal"), row("tsunami", "a", 180_005, .delivered),
        ]
    }

    @Test("Says for each event and channel how soon, who missed it and what came again")
    func lines() {
        #expect(ReplayScore(rows).text == """
            event\tkind\tchannel\tfirst_s\tendpoints\tmisses\trepeats
            quake\teew\tarea-mail\t2.500\t3\t1\t1
            quake\teew\twifi-portal\t-\t1\t1\t0
            tsunami\teew\tarea-mail\t180.005\t1\t0\t0
            total\t-\t-\t-\t5\t2\t1

            """)
    }

    @Test("The same rows in any order give the same octets")
    func order() {
        let text = ReplayScore(rows).text
        for _ in 0..<50 { #expect(ReplayScore(rows.shuffled()).text == text) }
    }

    @Test("Nothing played is nothing scored")
    func empty() {
        #expect(ReplayScore([]).lines.isEmpty)
        #expect(ReplayScore([]).text.hasSuffix("total\t-\t-\t-\t0\t0\t0\n"))
    }
}
