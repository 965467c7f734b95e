/// What a reader has to stand, and what has to be true of its answer.
import AlertModel
import Codes
import Foundation
import Glibc
import Ingest

struct Trial {
    /// Time of the processor, not of the wall: other programs run beside us. Coverage makes it slower; the largest seed
    /// takes a tenth of it.
    static let patience: Duration = .milliseconds(
        getenv("FUZZ_PATIENCE_MS").flatMap { Int(String(cString: $0)) } ?? 100)
    static let receivedAt = Date(timeIntervalSince1970: 1_790_000_000)
    let reader: Reader

    func run(_ octets: [UInt8]) {
        let start = Self.spent()
        let promises: [String]
        switch reader {
        case .shelters: promises = shelters(octets)
        case .jma, .cap, .qzss: promises = bulletins(octets)
        }
        let time = Self.spent() - start
        for words in promises { Self.fail("a promise is broken: \(words)") }
        if time > Self.patience { Self.fail("took \(time) for \(octets.count) octets") }
    }

    private func bulletins(_ octets: [UInt8]) -> [String] {
        guard let readings = try? BulletinReader.readEach(octets, fileName: nil, receivedAt: Self.receivedAt) else { return [] }
        return readings.flatMap { reading -> [String] in
            guard case .success(let bulletin) = reading.outcome else { return [] }
            return line(bulletin) + sorting(bulletin)
        }
    }

    /// What `noroshi read` prints is one line of JSON.
    private func line(_ bulletin: Bulletin) -> [String] {
        let line = bulletin.jsonLine(file: "fuzz")
        var broken: [String] = []
        if line.utf8.contains(0x0A) { broken.append("a line break in the line") }
        if (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] == nil { broken.append("no JSON: \(line)") }
        if bulletin.hypocentre.map({ !($0.magnitude?.isFinite ?? true) || !($0.depth?.isFinite ?? true) }) == true {
            broken.append("a number that is none")
        }
        return broken
    }

    /// Only what says it is real goes out as real.
    private func sorting(_ bulletin: Bulletin) -> [String] {
        guard let sorted = try? Normaliser().sort(bulletin, id: { AlertID("fuzz") }, receivedAt: Self.receivedAt) else { return [] }
        return sorted.compactMap { alert in
            switch alert {
            case .actual: bulletin.status == .actual ? nil : "status \(bulletin.status.rawValue) goes out as real"
            case .exercise: bulletin.status == .exercise ? nil : "status \(bulletin.status.rawValue) goes out as a drill"
            case .recordOnly: nil
            }
        }
    }

    private func shelters(_ octets: [UInt8]) -> [String] {
        guard let list = try? ShelterListReader.read(octets, fileName: "042056_list.csv") else { return [] }
        var broken: [String] = []
        if Set(list.shelters.map(\.id)).count != list.shelters.count { broken.append("two shelters with one id") }
        if list.shelters.contains(where: { ($0.latitude == nil) != ($0.longitude == nil) }) { broken.append("half a place") }
        if list.shelters.contains(where: \.name.isEmpty) { broken.append("a shelter without a name") }
        return broken
    }

    private static func spent() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    static func complain(_ words: String) { FileHandle.standardError.write(Data("\(words)\n".utf8)) }

    /// libFuzzer writes the input to a file when the process aborts.
    private static func fail(_ words: String) -> Never {
        complain(words)
        abort()
    }
}
