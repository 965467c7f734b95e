import Foundation
import Testing

@testable import Bundles

@Suite("The signed days of the record")
struct DayRootTests {
    private let key = OwnPaperKey()

    private func roots(_ count: Int, by key: OwnPaperKey? = nil, hash: Character = "a") throws -> [DayRoot] {
        var all: [DayRoot] = []
        for day in 1...count {
            all.append(try DayRoot(
                .init(chain: "042056", day: "2026-11-0\(day)", number: Int64(day * 10), hash: String(repeating: hash, count: 64), after: all.last?.paper.digest, signed: day),
                by: key ?? self.key))
        }
        return all
    }

    private func words(_ papers: [[UInt8]], beside: [UInt8]? = nil, chain: String = "042056", by key: PaperKey? = nil) -> String? {
        do throws(SignedDays.Flaw) {
            _ = try SignedDays(papers, beside: beside, of: chain, by: key ?? self.key.known)
            return nil
        } catch {
            return error.words
        }
    }

    @Test("Days that follow each other are whole, also where the newest lies beside the record alone, as after a power cut")
    func whole() throws {
        let papers = try roots(4).map(\.paper.octets)
        #expect(words(papers) == nil && words([]) == nil && words(papers, beside: papers[3]) == nil)
        #expect(words(Array(papers.prefix(3)), beside: papers[3]) == nil)
        #expect(try SignedDays(Array(papers.prefix(3)), beside: papers[3], of: "042056", by: nil).last?.body.number == 40)
        #expect(words([], beside: papers[0]) == nil)
    }

    @Test("A day that is changed, gone, of another chain or signed by another is found")
    func changed() throws {
        let papers = try roots(4).map(\.paper.octets)
        for index in stride(from: 0, to: papers[1].count, by: 7) {
            var other = papers
            other[1][index] ^= 1
            #expect(words(other) != nil, "octet \(index)")
        }
        #expect(words([papers[0], papers[2], papers[3]])?.contains("続いていません") == true)
        #expect(words([papers[1], papers[2]])?.contains("続いていません") == true)
        #expect(words([papers[0], papers[1]], beside: papers[3])?.contains("消えています") == true)
        #expect(words([], beside: papers[3])?.contains("消えています") == true)
        #expect(words(papers, chain: "042021") != nil)
        let forged = try roots(4, by: OwnPaperKey(), hash: "b").map(\.paper.octets)
        #expect(words(forged)?.contains("このハブの鍵のものではありません") == true)
        #expect(words(Array(papers.prefix(2)) + forged.suffix(2)) != nil)
    }
}
