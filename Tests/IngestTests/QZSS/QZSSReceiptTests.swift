import FoundationEssentials
import Testing

@testable import Ingest

private func moment(_ text: String) -> Date { Date(timeIntervalSince1970: Timestamp(text)!.seconds) }

@Suite("災危通報, which day a message without a year is of")
struct QZSSReceiptTests {
    /// A warning announced at this month, day, hour and minute (UTC).
    private func warning(_ month: Int, _ day: Int, _ hour: Int, _ minute: Int, category: Int = 1) -> String {
        var builder = SentenceBuilder(category: category)
        builder.put(month, 21, 4); builder.put(day, 25, 5); builder.put(hour, 30, 5); builder.put(minute, 35, 6)
        if category == 1 { builder.put(201, 53, 9); builder.put(1, 136, 1) }
        return builder.sentence()
    }

    private func read(_ file: String, at hub: String, live: Bool = false) throws -> Bulletin {
        let readings = try BulletinReader.readEach(Array(file.utf8), fileName: nil, receivedAt: moment(hub), isLive: live)
        return try #require(readings.first).outcome.get()
    }

    private static func rmc(_ date: String, _ clock: String = "040000.00", status: String = "A") -> String {
        SentenceBuilder.closed("GNRMC,\(clock),\(status),3554.0,N,13934.0,E,0.0,,\(date),,,A") + "\r\n"
    }

    @Test("Within twelve hours the hub's clock decides, also over a leap day and the turn of a year", arguments: [
        (3, 7, 4, 0, "2022-03-07T15:59:00Z", "2022-03-07T13:00:00+09:00"), (12, 31, 23, 58, "2027-01-01T00:03:00Z", "2027-01-01T08:58:00+09:00"),
        (1, 1, 0, 2, "2026-12-31T23:59:00Z", "2027-01-01T09:02:00+09:00"), (2, 29, 23, 0, "2028-03-01T01:00:00Z", "2028-03-01T08:00:00+09:00"),
        (3, 1, 0, 10, "2028-02-29T20:00:00Z", "2028-03-01T09:10:00+09:00"), (1, 1, 11, 0, "2026-12-31T23:30:00Z", "2027-01-01T20:00:00+09:00"),
    ])
    func near(month: Int, day: Int, hour: Int, minute: Int, hub: String, sent: String) throws {
        for live in [true, false] {
            let bulletin = try read(warning(month, day, hour, minute), at: hub, live: live)
            #expect(bulletin.sent?.text == sent && bulletin.doubtfulDate == nil)
        }
    }

    @Test("A receiver whose clock says another year changes nothing about what comes now, and the operator hears of it", arguments: [
        "070321", "070302", "210700", "220899", "311299", "060180",
    ])
    func strayReceiver(date: String) throws {
        let bulletin = try read(Self.rmc(date) + warning(3, 7, 4, 0), at: "2022-03-07T04:00:30Z")
        #expect(bulletin.sent?.text == "2022-03-07T13:00:00+09:00")
        #expect(try #require(bulletin.doubtfulDate).contains("受信機の時計"))
    }

    @Test("A recording is of the day its own clock says, by RMC or ZDA, before the sentence or behind the first", arguments: [
        rmc("070322"), SentenceBuilder.closed("GPZDA,040000.00,07,03,2022,00,00") + "\r\n", rmc("070322", "155900"), rmc("060322", "201500.5"),
    ])
    func recording(clock: String) throws {
        for file in [clock + warning(3, 7, 4, 0), warning(3, 7, 4, 0) + "\r\n" + clock, Self.rmc("010121") + clock + warning(3, 7, 4, 0)] {
            let bulletin = try read(file, at: "2026-11-28T05:00:00Z")
            #expect(bulletin.sent?.text == "2022-03-07T13:00:00+09:00" && bulletin.doubtfulDate == nil)
        }
        #expect(try read(Self.rmc("290220", "120000") + warning(2, 29, 4, 0), at: "2026-11-28T05:00:00Z").sent?.text == "2020-02-29T13:00:00+09:00")
    }

    @Test("What is no date of a receiver is left out: day 00, a day the month has not, not valid, damaged, ahead of us", arguments: [
        rmc("000000"), rmc("000322"), rmc("290221"), rmc("070022"), rmc(""), rmc("0703"), rmc("07032x"), rmc("070320", status: "V"), rmc("070320", "240000"),
        "$GNRMC,040000,A,,,,,,,070320,,,A*00\r\n", "$GNRMC,040000,A\r\n", "$GNRMC*\r\n", "$*7\r\n", rmc("070379"),
        SentenceBuilder.closed("GPZDA,040000.00,,,,00,00") + "\r\n", SentenceBuilder.closed("GPZDA,040000.00,07,03,0000,00,00") + "\r\n",
    ])
    func noDate(clock: String) throws {
        let bulletin = try read(clock + warning(3, 7, 4, 0), at: "2022-11-28T05:00:00Z")
        #expect(bulletin.sent?.text == "2022-03-07T13:00:00+09:00")
    }

    @Test("From a receiver itself, an early warning is of now whatever the hub's clock says; a person is told", arguments: [
        "1999-08-22T00:00:00Z", "1970-01-01T00:00:10Z", "2022-03-05T04:00:00Z", "2022-03-09T04:00:00Z", "2021-09-07T04:00:00Z",
    ])
    func undated(hub: String) throws {
        let live = try read(warning(3, 7, 4, 0), at: hub, live: true)
        #expect(live.sent?.seconds == Timestamp(hub)?.seconds)
        #expect(try #require(live.doubtfulDate).contains("ハブの時計"))
        #expect(try read(warning(3, 7, 4, 0), at: hub).sent != live.sent, "a file's may be of any year")
        let tsunami = try read(warning(3, 7, 4, 0, category: 11), at: hub, live: true)
        #expect(tsunami.sent?.text.hasSuffix("-03-07T13:00:00+09:00") == true && tsunami.doubtfulDate != nil)
    }
}
