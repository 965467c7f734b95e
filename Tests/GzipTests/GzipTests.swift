@testable import Gzip
import Testing

@Suite("gzip")
struct GzipTests {
    @Test("What was compressed comes back", arguments: [0, 1, 1000, 100_000])
    func roundTrip(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        #expect(try Gzip.inflate(Gzip.compress(bytes), limit: 100_000) == bytes)
    }

    @Test("The same bytes give the same bytes")
    func repeatable() {
        #expect(Gzip.compress([1, 2, 3]) == Gzip.compress([1, 2, 3]))
    }

    @Test("Two members one after the other are one text")
    func members() throws {
        #expect(try Gzip.inflate(Gzip.compress([1, 2]) + Gzip.compress([3]), limit: 10) == [1, 2, 3])
    }

    @Test("A small file that grows beyond the limit is refused")
    func bomb() {
        let bomb = Gzip.compress([UInt8](repeating: 0, count: 5_000_000))
        #expect(bomb.count < 10_000)
        #expect(throws: Gzip.Failure.tooLong) { try Gzip.inflate(bomb, limit: 1_000_000) }
    }

    @Test("Cut short, changed or not gzip at all is damage", arguments: [0, 1, 2])
    func damage(how: Int) {
        var bytes = Gzip.compress(Array("狼煙をあげる".utf8))
        switch how {
        case 0: bytes.removeLast(5)
        case 1: bytes[bytes.count - 6] ^= 0xFF
        default: bytes = Array("<html>".utf8)
        }
        #expect(throws: Gzip.Failure.damaged) { try Gzip.inflate(bytes, limit: 1000) }
    }
}
