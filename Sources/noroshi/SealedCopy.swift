/// A hub's data folder as one sealed file, and back.
///
///     ledger (one moment) + all other files + about.json ──▶ tar ──▶ zstd ──▶ age ──▶ FILE
///
/// `about.json` names every file with its digest, and what is in the record: whoever opens it compares. Compressing and sealing are the work of
/// Debian's own programs; a file without age's seal is only made where somebody says so.
import AlertModel
import ArgumentParser
import Crypto
import Foundation
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
    }

    // MARK: Out

    /// - Returns: what was put in.
    static func make(of data: URL, into file: URL, recipients: [String], now: Date) async throws -> About {
        let stage = URL(filePath: file.path + ".stage-\(getpid())"), new = URL(filePath: file.path + ".new-\(getpid())")
        let manager = FileManager.default
        defer {
            try? manager.removeItem(at: stage)
            try? manager.removeItem(at: new)
        }
        do {
            try manager.createDirectory(at: stage, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            for name in try names(in: data) where !isPassing(URL(filePath: name).lastPathComponent) {
                let place = stage.appending(path: name)
                try manager.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                // A page that is swapped just now is in the next copy.
                try? manager.copyItem(at: data.appending(path: name), to: place)
            }
        } catch {
            throw TownFile.Failure.disk(error.localizedDescription)
        }
        let ledger = stage.appending(path: ledgerName).path
        try LedgerCopy.take(from: data.appending(path: ledgerName).path, to: ledger)
        let about = About(made: now, program: Noroshi.configuration.version, ledger: try LedgerCopy.contents(of: ledger), files: try parts(of: stage))
        try encoder.encode(about).write(to: stage.appending(path: aboutName))
        var steps = [["tar", "-C", stage.path, "--sort=name", "--owner=0", "--group=0", "-cf", "-", "."], ["zstd", "-q", "-6", "-c"]]
        if !recipients.isEmpty { steps.append(["age", "-e"] + recipients.flatMap { ["-r", $0] }) }
        try await Pipeline(steps).run(from: nil, to: new)
        guard rename(new.path, file.path) == 0 else { throw TownFile.Failure.disk("\(file.path): \(String(cString: strerror(errno)))") }
        return about
    }

    // MARK: Back

    /// Opens a copy into an empty folder and holds every octet of it against what it says of itself. Sends nothing, changes nothing.
    static func open(_ file: URL, identity: String?, into stage: URL) async throws -> About {
        let head = try (try? FileHandle(forReadingFrom: file)).map { try $0.read(upToCount: sealMark.count) ?? Data() }
        guard let head else { throw TownFile.Failure.disk("\(file.path): 読めません (cannot be read)") }
        var steps = [["zstd", "-q", "-d", "-c"], ["tar", "-C", stage.path, "--no-same-owner", "-xf", "-"]]
        if head == sealMark {
            guard let identity else { throw Unlocked() }
            steps.insert(["age", "-d", "-i", identity], at: 0)
        } else if !head.starts(with: packMark) {
            throw TownFile.Failure.notWhole("狼煙の写しではありません (no copy of ours)")
        }
        do { try FileManager.default.createDirectory(at: stage, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]) } catch {
            throw TownFile.Failure.disk(error.localizedDescription)
        }
        try await Pipeline(steps).run(from: file, to: nil)
        return try await check(stage)
    }

    /// Sealed, and nobody brought the key.
    struct Unlocked: Error {}

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

    private static let encoder = {
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

    private static func parts(of stage: URL) throws -> [Part] {
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

    private static func digest(_ file: URL) throws -> (octets: Int, digest: String) {
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
        var running: [(process: Process, complaints: Pipe, ended: Announced<Int32>)] = []
        for (place, step) in steps.enumerated() {
            // Each its own: the first that is started closes its end here.
            let process = Process(), complaints = Pipe(), ended = Announced<Int32>()
            process.executableURL = URL(filePath: paths[place])
            process.arguments = Array(step.dropFirst())
            process.standardInput = before
            process.standardError = complaints
            if place + 1 < steps.count {
                let pipe = Pipe()
                (process.standardOutput, before) = (pipe, pipe)
            } else {
                process.standardOutput = try output.map { try FileHandle(forWritingTo: $0) } ?? FileHandle.nullDevice
            }
            process.terminationHandler = { ended.say($0.terminationStatus) }
            try process.run()
            running.append((process, complaints, ended))
        }
        var codes: [Int32] = []
        for (_, _, ended) in running { codes.append(await ended.heard() ?? 1) }
        guard let failed = codes.firstIndex(where: { $0 != 0 }) else { return try output.map { try Self.settle($0) } ?? () }
        let said = (try? running[failed].complaints.fileHandleForReading.read(upToCount: 2_000)) ?? Data()
        throw Broken(program: steps[failed][0], words: String(decoding: said, as: UTF8.self).split(whereSeparator: \.isNewline).first.map { String($0.prefix(300)) } ?? "")
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
