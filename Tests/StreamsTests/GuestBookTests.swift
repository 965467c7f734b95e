import Chance
import Testing

@testable import Streams

@Suite("Who stands in the door")
struct GuestBookTests {
    private typealias Book = GuestBook<Int>
    private func book(total: Int = 16, perAddress: Int = 100, perName: Int = 4) -> Book {
        Book(.init(total: total, perAddress: perAddress, perName: perName))
    }

    private func fill(_ book: inout Book, _ ids: Range<Int>, address: String = "192.0.2.1") {
        for id in ids { #expect(book.enter(id, address: address, isHouse: false) == .welcome(pushedOut: nil)) }
    }

    @Test("When the door is full the oldest silent stranger goes, and whoever comes gets in")
    func oldestFirst() {
        var book = book()
        fill(&book, 0..<16)
        for new in 16..<40 { #expect(book.enter(new, address: "192.0.2.9", isHouse: false) == .welcome(pushedOut: new - 16)) }
        #expect(book.count == 16)
    }

    @Test("Who is known is never pushed out, nor who is being answered to, nor one who rests while somebody is silent")
    func inOrder() {
        var book = book()
        fill(&book, 0..<16)
        for known in 0..<4 { book.name(known, "device:\(known)") }
        for busy in 4..<8 { book.turn(busy, .answeredTo) }
        for resting in 8..<12 { book.turn(resting, .answeredTo); book.turn(resting, .resting) }
        var out: [Int] = []
        for new in 100..<108 {
            guard case .welcome(let one?) = book.enter(new, address: "a", isHouse: false) else { Issue.record("should come in"); return }
            book.name(new, "device:\(new)")
            out.append(one)
        }
        #expect(out == [12, 13, 14, 15, 8, 9, 10, 11])
        #expect(book.enter(200, address: "a", isHouse: false) == .full, "those who are known or busy stay")
        book.turn(4, .resting)
        #expect(book.enter(200, address: "a", isHouse: false) == .welcome(pushedOut: 4))
    }

    @Test("What rests behind our own proxy goes after everything else that rests")
    func proxy() {
        var book = book()
        for id in 0..<8 { _ = book.enter(id, address: "127.0.0.1", isHouse: true); book.turn(id, .resting) }
        fill(&book, 8..<16)
        for id in 8..<16 { book.turn(id, .resting) }
        #expect(book.pushOut(upTo: 10) == Array(8..<16) + [0, 1])
    }

    @Test("One address has a share of the door: beyond it its own silent ones go, and nobody else's")
    func perAddress() {
        var book = book(total: 100, perAddress: 10)
        fill(&book, 0..<5, address: "192.0.2.7")
        fill(&book, 5..<15)
        #expect(book.enter(15, address: "192.0.2.1", isHouse: false) == .welcome(pushedOut: 5))
        for id in 6...15 { book.turn(id, .answeredTo) }
        #expect(book.enter(16, address: "192.0.2.1", isHouse: false) == .full)
        #expect(book.enter(16, address: "192.0.2.2", isHouse: false) == .welcome(pushedOut: nil))
        // A school's tablets are known each for itself, and do not count as strangers of its one address.
        for id in 6...15 { book.name(id, "device:\(id)") }
        fill(&book, 20..<30)
    }

    @Test("One token keeps so many connections and no more")
    func perName() {
        var book = book()
        fill(&book, 0..<16)
        for id in 0..<16 { book.name(id, "device:pupil") }
        #expect(book.namedCount == 4)
        #expect(book.pushOut(upTo: 100) == Array(4..<16))
    }

    @Test("Whatever happens in whatever order, the door never holds more than it may, and never pushes out who is known", arguments: 0..<20)
    func anyOrder(seed: UInt64) {
        var dice = Dice(seed: seed)
        var book = book(total: 20, perAddress: 8)
        var (inside, known, busy, next) = (Set<Int>(), Set<Int>(), Set<Int>(), 0)
        for _ in 0..<2000 {
            let one = inside.isEmpty ? nil : inside.sorted()[Int.random(in: 0..<inside.count, using: &dice)]
            switch Int.random(in: 0..<6, using: &dice) {
            case 0, 1:
                next += 1
                if case .welcome(let out) = book.enter(next, address: "\(next % 5)", isHouse: next % 5 == 0) {
                    inside.insert(next)
                    if let out {
                        #expect(inside.contains(out) && !known.contains(out) && !busy.contains(out))
                        inside.remove(out)
                    }
                }
            case 2:
                guard let one else { continue }
                busy.insert(one)
                book.turn(one, .answeredTo)
            case 3:
                guard let one else { continue }
                busy.remove(one)
                book.turn(one, .resting)
            case 4:
                guard let one else { continue }
                // A name of its own, so that it is always kept.
                known.insert(one)
                book.name(one, "n\(one)")
            default:
                guard let one else { continue }
                book.leave(one)
                inside.remove(one)
            }
            #expect(book.count == inside.count && book.count <= 20)
        }
    }
}
