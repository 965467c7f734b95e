import AlertModel
import ChannelKit
import ChannelKitTesting
import FoundationEssentials
import Synchronization
import Testing

@testable import LAlert

@Suite("What is known of documents at L-Alert")
struct RegisterTests {
    /// Counts how often everything is looked through.
    private final class Counted: Notebook {
        let base = MemoryNotebook()
        let looks = Mutex(0)
        func read(_ key: String) -> [UInt8]? { base.read(key) }
        func write(_ key: String, _ value: [UInt8]?) { base.write(key, value) }
        func keys(prefix: String) -> [String] {
            looks.withLock { $0 += 1 }
            return base.keys(prefix: prefix)
        }
    }

    @Test("What is over is looked for once a day and not with each event; then it is gone, and nothing else; a clock that was put back looks again")
    func sweep() throws {
        let notes = Counted(), day = 86_400.0, start = Sample.now
        let register = Register(notes, FarEnd<Actual>(town: try #require(TownID("042056")), id: "node", name: "", settings: [:]))
        func document(_ made: Date) -> Document {
            Document(category: .evacuationOrder, delivery: DeliveryID("d"), alertSent: made, distribution: "u", made: made, firstMade: made)
        }
        register.write(document(start), "old")
        register.write(document(start + 60 * day), "young")
        for second in 0..<1000 { register.forgetOld(start + 91 * day + Double(second)) }
        #expect(notes.looks.withLock { $0 } == 1 && register.document("old") == nil && register.document("young") != nil)
        register.forgetOld(start + 151 * day)
        #expect(notes.looks.withLock { $0 } == 2 && register.document("young") == nil)
        register.forgetOld(start)
        #expect(notes.looks.withLock { $0 } == 3)
    }
}
