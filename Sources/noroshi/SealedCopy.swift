/// A hub's data folder as one sealed file, and back.
///
///     ledger (one moment) + all other files + about.json ──▶ tar ──▶ zstd ──▶ age ──▶ FILE
///
/// `about.json` names every file with its digest, and what is in the record: whoever opens it compares. Compressing and sealing are the work of
/// Debian's own programs; a file without age's seal is only made where somebody says so.
///
///     for pairs:  copy.age (sealed for a key made now) + that key, for each pair sealed for one holder inside the other's ──▶ tar ──▶ FILE
import AlertModel
import ArgumentParser
import Crypto
import Foundation
import Hub
import Ledger
import LedgerStore

struct SealedCopy {
    struct Part: Codable, Hashable {
        var path: String
        var octets: Int
        var sha256: String
    }

    /// What a copy says of itself.
    struct About: Codable {
        var form = 1
        var made: Date
        var program: String
        var ledger: LedgerCopy.Contents
        var files: [Part]
    }

    static let aboutName = "about.json"
    static let ledgerName = "ledger.sqlite"
    /// First octets of a file that age has sealed (age-encryption.org/v1), and of one that zstd has packed (RFC 8878 §3.1.1).
    static let sealMark = Data("age-encryption.org/v1".utf8)
    static let packMark = Data([0x28, 0xB5, 0x2F, 0xFD])

    /// Of this machine and this run alone.
    private static func isPassing(_ name: String) -> Bool {
        ["lock", LocalKey.fileName, ledgerName, aboutName].contains(name) || [".sqlite-wal", ".sqlite-shm", "-journal"].contains { name.hasSuffix($0) }
            || name.hasPrefix(Stage.mark)
    }

    /// Copies that are held for other towns: theirs, sealed, and in no copy of ours.
    private static func isOthers(_ name: String) -> Bool { name.hasPrefix(HeldCopies.folderName + "/") }

    // MARK: Out

    /// Who opens a copy.
    enum Seal {
        case none
        /// Any one of them.
        case anyOf([String])
        /// Any one of these pairs, and nobody alone.
        case pairs([(String, String)])
    }

    /// - Returns: what was put in.
    /// - Parameter look: sees the ledger as it lies in the copy, before it is packed.
    static func make(
        of data: URL, into file: URL, seal: Seal, now: Date, look: (URL) throws -> Void = { _ in }, progress: (String) -> Void
    ) async throws -> About {
        // Beside the ledger, under its rights: in the open it lies nowhere but where it lies anyway.
        let stage = try Stage(in: data), new = URL(filePath: file.path + ".new-\(getpid())")
        defer {
            stage.clear()
            try? FileManager.default.removeItem(at: new)
        }
        progress("写しています… (copying)")
        try fill(stage.place, from: data)
        let ledger = stage.place.appending(path: ledgerName).path
        let about = About(made: now, program: Noroshi.configuration.version, ledger: try LedgerCopy.contents(of: ledger), files: try parts(of: stage.place))
        try encoder.encode(about).write(to: stage.place.appending(path: aboutName))
        // A copy that would be refused is none.
        progress("確かめています… (checking)")
        _ = try await check(stage.place)
        try look(stage.place.appending(path: ledgerName))
        progress("まとめています… (packing)")
        try await pack(stage.place, seal, to: new)
        guard rename(new.path, file.path) == 0 else { throw TownFile.Failure.disk("\(file.path): \(String(cString: strerror(errno)))") }
        return about
    }

    /// A folder as one sealed file.
    static func pack(_ folder: URL, _ seal: Seal, to file: URL) async throws {
        let steps = [
            ["tar", "-C", folder.path, "--exclude=./\(CopyPairs.folder)", "--sort=name", "--owner=0", "--group=0", "-cf", "-", "."], ["zstd", "-q", "-6", "-c"],
        ]
        switch seal {
        case .none: try await Pipeline(steps).run(from: nil, to: file)
        case .anyOf(let recipients): try await Pipeline(steps + [["age", "-e"] + recipients.flatMap { ["-r", $0] }]).run(from: nil, to: file)
        case .pairs(let pairs): try await CopyPairs.seal(steps, for: pairs, beside: folder, to: file)
        }
    }

    /// The ledger first: what leaves it meanwhile is in its archive by then, and rows that are in both count once.
    private static func fill(_ stage: URL, from data: URL) throws {
        try LedgerCopy.take(from: data.appending(path: ledgerName).path, to: stage.appending(path: ledgerName).path)
        for name in try besides(in: data) { _ = try take(name, from: data, to: stage) }
    }

    /// The keys by which tablets are woken: whoever has a copy shall not wake them. A page that is opened asks anew, and Apple's key (.p8), where somebody has laid it into this folder,
    /// is brought once more by whoever keeps it (decision 37). The keys of towns' certificate authorities: whoever has a copy shall be no school's machine; they lie in a safe of their own
    /// (decision 39).
    private static func isKeptHere(_ name: String) -> Bool {
        name.hasPrefix("push/keys/") || name.lowercased().hasSuffix(".p8") || name.hasPrefix(DataFolder.authorityKeys + "/")
    }

    /// What lies beside the ledger and belongs into a copy.
    static func besides(in data: URL) throws -> [String] {
        try names(in: data).filter { !isPassing(URL(filePath: $0).lastPathComponent) && !$0.hasPrefix(Stage.mark) && !isOthers($0) && !isKeptHere($0) }
    }

    /// - Returns: false where it has gone meanwhile.
    static func take(_ name: String, from data: URL, to stage: URL) throws -> Bool {
        let (source, place) = (data.appending(path: name), stage.appending(path: name))
        do {
            try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            if name.hasSuffix(".sqlite") { try LedgerCopy.take(from: source.path, to: place.path) } else { try FileManager.default.copyItem(at: source, to: place) }
            return true
        } catch {
            // A page that was swapped just now is in the next copy. Whatever else cannot be read is said: a copy without it is none.
            guard FileManager.default.fileExists(atPath: source.path) else { return false }
            throw TownFile.Failure.disk("\(source.path): \(error)")
        }
    }

    // MARK: Back

    /// Opens a copy into an empty folder and holds every octet of it against what it says of itself. Sends nothing, changes nothing.
    static func open(_ file: URL, identities: [String], into stage: URL, progress: (String) -> Void) async throws -> About {
        try await unpack(file, identities: identities, into: stage, progress: progress)
        progress("確かめています… (checking)")
        return try await check(stage)
    }

    /// What was changed after it was written is described anew, and looked through as if it had come so.
    static func describe(_ stage: URL, made: Date) async throws -> About {
        let about = About(
            made: made, program: Noroshi.configuration.version, ledger: try LedgerCopy.contents(of: stage.appending(path: ledgerName).path), files: try parts(of: stage))
        try encoder.encode(about).write(to: stage.appending(path: aboutName))
        return try await check(stage)
    }

    /// One sealed file back into a folder, and nothing said of what is in it.
    static func unpack(_ file: URL, identities: [String], into stage: URL, progress: (String) -> Void) async throws {
        let head = try (try? FileHandle(forReadingFrom: file)).map { try $0.read(upToCount: 512) ?? Data() }
        guard let head else { throw TownFile.Failure.disk("\(file.path): 読めません (cannot be read)") }
        let isPaired = CopyPairs.isMark(head)
        var steps = [["zstd", "-q", "-d", "-c"], ["tar", "-C", stage.path, "--no-same-owner", "-xf", "-"]]
        if head.starts(with: sealMark) {
            guard !identities.isEmpty else { throw Unlocked(isPaired: false) }
            steps.insert(["age", "-d"] + identities.flatMap { ["-i", $0] }, at: 0)
        } else if isPaired {
            guard identities.count > 1 else { throw Unlocked(isPaired: true) }
        } else if !head.starts(with: packMark) {
            throw TownFile.Failure.notWhole("狼煙の写しではありません (no copy of ours)")
        }
        do { try FileManager.default.createDirectory(at: stage, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]) } catch {
            throw TownFile.Failure.disk(error.localizedDescription)
        }
        progress("開けています… (opening)")
        if isPaired { try await CopyPairs.open(file, identities: identities, beside: stage, into: steps) } else { try await Pipeline(steps).run(from: file, to: nil) }
    }

    /// Sealed, and nobody brought the key, or only one of the two.
    struct Unlocked: Error { var isPaired: Bool }

    private static func check(_ stage: URL) async throws -> About {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let octets = try? Data(contentsOf: stage.appending(path: aboutName)), let about = try? decoder.decode(About.self, from: octets), about.form == 1
        else { throw TownFile.Failure.notWhole("\(aboutName) がないか、読めません (missing or unreadable)") }
        let found = try parts(of: stage)
        for part in Set(about.files).symmetricDifference(found).sorted(by: { $0.path < $1.path }).prefix(1) {
            throw TownFile.Failure.notWhole("\(part.path) が、書かれたときと違います (is not as it was written)")
        }
        let ledger = stage.appending(path: ledgerName).path
        guard try LedgerCopy.contents(of: ledger) == about.ledger else { throw TownFile.Failure.notWhole("記録の数が合いません (the record's counts differ)") }
        // The deepest question last: every row against its fact, every delivery against its steps.
        let disk = try LedgerOnDisk(path: ledger)
        for town in try disk.towns() + [nil] as [TownID?] {
            let report = try await disk.verify(town)
            if let flaw = report.flaw { throw TownFile.Failure.notWhole("\(report.chain): \(flaw.words)") }
        }
        return about
    }

    // MARK: Files

    static let encoder = {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return encoder
    }()

    /// Regular files below a folder, by their way from it. Links lead elsewhere and are not followed.
    private static func names(in folder: URL) throws -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: folder.path) else { throw TownFile.Failure.disk("\(folder.path): 読めません (cannot be read)") }
        var names: [String] = []
        for case let name as String in walk {
            let kind = walk.fileAttributes?[.type] as? FileAttributeType
            if kind == .typeRegular { names.append(name) }
        }
        return names.sorted()
    }

    static func parts(of stage: URL) throws -> [Part] {
        // Whatever is no file (a link, a pipe) was not put in by us.
        let manager = FileManager.default
        for case let name as String in manager.enumerator(atPath: stage.path) ?? .init() {
            let kind = try manager.attributesOfItem(atPath: stage.appending(path: name).path)[.type] as? FileAttributeType
            guard kind == .typeRegular || kind == .typeDirectory else { throw TownFile.Failure.notWhole("\(name) はファイルではありません (no file)") }
        }
        return try names(in: stage).filter { $0 != aboutName }.map { name in
            let (octets, digest) = try digest(stage.appending(path: name))
            return Part(path: name, octets: octets, sha256: digest)
        }
    }

    static func digest(_ file: URL) throws -> (octets: Int, digest: String) {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        var (hash, octets) = (SHA256(), 0)
        while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty {
            hash.update(data: piece)
            octets += piece.count
        }
        return (octets, hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
}

/// Programs of the system, each reading what the one before it writes.
struct Pipeline {
    struct Broken: Error, CustomStringConvertible {
        var program: String
        var words: String
        /// It is not on this machine.
        var isMissing = false
        var description: String {
            isMissing
                ? "\(program) がありません（apt install \(program)） (\(program) is not installed)" : "\(program) が終わりまで行きませんでした: \(words) (failed)"
        }
    }

    /// It stopped for want of room, and not for what it read.
    struct Full: Error {}

    let steps: [[String]]
    init(_ steps: [[String]]) { self.steps = steps }

    func run(from input: URL?, to output: URL?) async throws {
        let paths = try steps.map { step in
            guard let path = Self.path(of: step[0]) else { throw Broken(program: step[0], words: "", isMissing: true) }
            return path
        }
        if let output {
            guard FileManager.default.createFile(atPath: output.path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
                throw TownFile.Failure.disk("\(output.path): 書けません (cannot be written)")
            }
        }
        var before: Any = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        let work = FileManager.default.temporaryDirectory.appending(path: "noroshi-said-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: work) }
        var running: [(process: Process, ended: Announced<Int32>)] = []
        for (place, step) in steps.enumerated() {
            let process = Process(), ended = Announced<Int32>(), said = work.appending(path: "\(place)")
            process.executableURL = URL(filePath: paths[place])
            process.arguments = Array(step.dropFirst())
            process.standardInput = before
            // In words we can read, and into a file: a pipe that nobody empties would keep it waiting.
            process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C"]) { $1 }
            _ = FileManager.default.createFile(atPath: said.path, contents: nil)
            process.standardError = try FileHandle(forWritingTo: said)
            if place + 1 < steps.count {
                let pipe = Pipe()
                (process.standardOutput, before) = (pipe, pipe)
            } else {
                process.standardOutput = try output.map { try FileHandle(forWritingTo: $0) } ?? FileHandle.nullDevice
            }
            process.terminationHandler = { ended.say($0.terminationStatus) }
            try process.run()
            running.append((process, ended))
        }
        var failed: [(place: Int, words: String)] = []
        for (place, one) in running.enumerated() where await one.ended.heard() ?? 1 != 0 {
            let octets = (try? FileHandle(forReadingFrom: work.appending(path: "\(place)")))?.readData(ofLength: 4_000) ?? Data()
            // Whoever could not write on to one that had ended is not to blame.
            let isFollower = one.process.terminationReason == .uncaughtSignal && one.process.terminationStatus == SIGPIPE
            let words = String(decoding: octets, as: UTF8.self)
            if !isFollower { failed.append((place, words)) }
        }
        if failed.contains(where: { $0.words.contains("No space left") }) { throw Full() }
        guard let first = failed.first(where: { !$0.words.lowercased().contains("broken pipe") }) ?? failed.first else {
            return try output.map { try Self.settle($0) } ?? ()
        }
        throw Broken(
            program: steps[first.place][0],
            words: first.words.split(whereSeparator: \.isNewline).first.map { String($0.prefix(300)) } ?? "")
    }

    /// On the disk, not only in memory.
    private static func settle(_ file: URL) throws {
        let handle = try FileHandle(forWritingTo: file)
        try handle.synchronize()
        try handle.close()
    }

    static func path(of program: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// A folder in which a copy lies open for as long as it is made or looked through, and not a moment longer: also where the program is told
/// to end. What a kill or a power cut left is swept by the next one.
final class Stage {
    static let mark = ".copy-"
    let place: URL
    private static let ends = [SIGINT, SIGTERM, SIGHUP]
    private let watches: [any DispatchSourceSignal]

    init(in folder: URL) throws {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] where name.hasPrefix(Self.mark) {
            // Of a program that is gone.
            guard let pid = pid_t(name.dropFirst(Self.mark.count)), kill(pid, 0) != 0 else { continue }
            try? FileManager.default.removeItem(at: folder.appending(path: name))
        }
        let place = folder.appending(path: Self.mark + "\(getpid())")
        self.place = place
        try? FileManager.default.removeItem(at: place)
        // Ours and new: what somebody else put there before is not filled.
        guard mkdir(place.path, 0o700) == 0 else { throw TownFile.Failure.disk("\(place.path): \(String(cString: strerror(errno)))") }
        watches = Self.ends.map { number in
            signal(number, SIG_IGN)
            let watch = DispatchSource.makeSignalSource(signal: number, queue: .global())
            watch.setEventHandler {
                try? FileManager.default.removeItem(at: place)
                exit(128 + number)
            }
            watch.resume()
            return watch
        }
    }

    func clear() {
        for watch in watches { watch.cancel() }
        // Whoever goes on without a stage ends as before when he is told to.
        for number in Self.ends { signal(number, SIG_DFL) }
        try? FileManager.default.removeItem(at: place)
    }
}

/// A restored record that nobody has put to work yet.
struct UndecidedCopy: Error {
    private let made: Date
    private let folder: String

    /// Nil for every other data folder.
    init?(in data: URL) {
        guard let copy = LedgerCopy.undecided(data.appending(path: SealedCopy.ledgerName).path) else { return nil }
        (made, folder) = (copy.made, data.path)
    }

    var words: String {
        "この記録は、\(made.ISO8601Format()) に作った写しから戻したものです。まだ何も始めていません。この記録で始めると決めたら: noroshi restore --begin --data \(folder)"
            + " (a restored record: a person decides first)"
    }
}
