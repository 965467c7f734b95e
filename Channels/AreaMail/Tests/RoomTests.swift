import Foundation
import Testing

@testable import AreaMail

@Suite("Room in a cell")
struct RoomTests {
    func text(_ identifier: UInt16, pages: Int = 2, period: Int = 32, gravity: Int = 3, isOurs: Bool = true, isDrill: Bool = false, heard: Double? = nil) -> Room.Text {
        Room.Text(
            name: name(identifier, isDrill), pages: pages, period: period, gravity: gravity, isOurs: isOurs, isDrill: isDrill,
            heardSince: heard.map { Date(timeIntervalSince1970: $0) })
    }

    func name(_ identifier: UInt16, _ isDrill: Bool = false) -> AirName {
        AirName(mode: isDrill ? "exercise" : "actual", town: "042056", farEnd: "centre", identifier: identifier)
    }

    func place(_ texts: [Room.Text], pages: Int = 2, gravity: Int = 3, isWarning: Bool = false, isDrill: Bool = false) -> Room.Decision {
        Room(texts: texts, wished: 32).place(pages: pages, gravity: gravity, isWarning: isWarning, isDrill: isDrill)
    }

    @Test("An empty cell takes the period that was wished, long enough to keep room for ETWS texts")
    func empty() {
        #expect(place([]) == .fits(period: 32))
        #expect(Room(texts: [], wished: 1).place(pages: 3, gravity: 3, isWarning: false, isDrill: false) == .fits(period: 15))
    }

    @Test("Where all is full, words that nobody has heard take the room of those of the same gravity that were repeated long enough, the longest first; of graver ones never, and of none that were just put on")
    func heard() {
        let full = (1...58).map { text($0, period: 128) }
        #expect(place(full) == .full)
        func with(_ index: Int, _ other: Room.Text) -> [Room.Text] { full.enumerated().map { $0 == index ? other : $1 } }
        let one = text(7, period: 128, heard: 2000), older = text(9, period: 128, heard: 1000)
        #expect(place(with(6, one)) == .afterDropping([name(7)], period: 128))
        #expect(place(with(6, one).enumerated().map { $0 == 8 ? older : $1 }) == .afterDropping([name(9)], period: 128))
        #expect(place(with(6, text(7, period: 128, gravity: 4, heard: 1000))) == .full)
        #expect(place(with(6, text(7, period: 128, isOurs: false, heard: 1000))) == .full)
        // What is less grave leaves before what was heard.
        #expect(place(with(6, one).enumerated().map { $0 == 3 ? text(4, period: 128, gravity: 2) : $1 }) == .afterDropping([name(4)], period: 128))
    }

    @Test("What stands sets the period for all")
    func common() {
        #expect(place([text(1, period: 64)]) == .fits(period: 64))
    }

    @Test("Twenty pages of orders are all of 32; the next one raises the period to more than twice what is needed")
    func raise() {
        let full = (1...10).map { text($0) }
        #expect(place(Array(full.dropLast())) == .fits(period: 32))
        #expect(place(full) == .afterRaising(to: 128))
    }

    @Test("An ETWS text uses what is kept for it, and does not wait for a move")
    func kept() {
        let full = (1...10).map { text($0) }
        #expect(place(full, pages: 6, gravity: 5, isWarning: true) == .fits(period: 32))
        let fuller = full + [text(20, pages: 6, gravity: 5), text(21, pages: 5, gravity: 5)]
        #expect(place(fuller, pages: 6, gravity: 5, isWarning: true) == .afterDropping([name(1), name(2), name(3)], period: 32))
    }

    @Test("In the longest period the lowest leave, drills first, and nothing leaves for its equal")
    func drop() {
        let full = (1...58).map { text($0, period: 128, gravity: $0 == 7 ? 2 : 4) }
        #expect(place(full, gravity: 4) == .afterDropping([name(7)], period: 128))
        #expect(place(full, gravity: 2) == .full)
        let withDrill = full.dropLast() + [text(99, period: 128, isOurs: false, isDrill: true)]
        #expect(place(Array(withDrill), gravity: 2) == .afterDropping([name(99, true)], period: 128))
        #expect(place([text(1, pages: 20, isOurs: false)], pages: 6, isDrill: true) == .full)
    }
}
