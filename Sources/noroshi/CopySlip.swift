import Bundles
import Foundation
import Glibc
import LedgerStore

/// The slip beside a copy, `FILE.slip`: what the file is, which number it has, whose hub made it. Whoever has a public key of age can seal something;
/// only the hub signs it. An older copy in the place of a newer one is found by its number.
struct CopySlip {
    private struct Body: Codable {
        var sha256: String
        var octets: Int
        /// Seconds since 1970 at which it was made: a later copy has a higher one, whatever was restored in between.
        var number: Int
        var made: Date
    }

    let paper: SignedPaper
    private let body: Body
    var number: Int { body.number }

    private static func place(of file: URL) -> URL { URL(filePath: file.path + ".slip") }

    private init(_ octets: [UInt8]) throws(TownFile.Failure) {
        guard let paper = try? SignedPaper(octets: octets), paper.kind == .copy, let body = try? Self.decoder.decode(Body.self, from: Data(paper.body)) else {
            throw .notWhole("添え書き（.slip）が読めないか、変わっています (the slip is unreadable, or was changed)")
        }
        (self.paper, self.body) = (paper, body)
    }

    /// Nil where no hub has ever run in the folder: it has no key.
    static func write(for file: URL, _ about: SealedCopy.About, data: URL) throws -> CopySlip? {
        guard let text = try? String(contentsOf: data.appending(path: Papers.keyName), encoding: .utf8), let key = OwnPaperKey(text: text) else { return nil }
        let (octets, digest) = try SealedCopy.digest(file)
        let body = Body(sha256: digest, octets: octets, number: Seconds.of(about.made), made: about.made)
        let slip = try CopySlip(try SignedPaper(.copy, Array(try encoder.encode(body)), by: key).octets)
        do { try Data(slip.paper.octets).write(to: place(of: file), options: .atomic) } catch { throw TownFile.Failure.disk("\(place(of: file).path): \(error.localizedDescription)") }
        return slip
    }

    /// Nil where there is none, and nobody asks for one.
    static func read(for file: URL, expecting number: Int?, signer: String?) throws(TownFile.Failure) -> CopySlip? {
        guard let octets = try? Data(contentsOf: place(of: file)) else {
            guard number == nil, signer == nil else { throw .notWhole("添え書き（\(place(of: file).lastPathComponent)）がありません (there is no slip)") }
            return nil
        }
        let slip = try CopySlip([UInt8](octets))
        if let number, slip.number < number { throw .notWhole("番号 \(slip.number) は \(number) より古い写しです (an older copy)") }
        if let signer, !slip.paper.signer.has(fingerprint: signer) { throw .notWhole("別の鍵 \(slip.paper.signer.fingerprint) が署名しています (signed by another key)") }
        guard let found = try? SealedCopy.digest(file), found.octets == slip.body.octets, found.digest == slip.body.sha256 else {
            throw .notWhole("添え書きの写しではありません (not the copy its slip speaks of)")
        }
        return slip
    }

    /// What is inside says the same: its moment, and the hub's own key.
    func check(against about: SealedCopy.About, in stage: URL) throws(TownFile.Failure) {
        guard Seconds.of(about.made) == body.number else { throw .notWhole("添え書きの時刻が中身と違います (the slip speaks of another moment)") }
        let own = (try? String(contentsOf: stage.appending(path: Papers.keyName), encoding: .utf8)).flatMap { OwnPaperKey(text: $0) }
        guard own?.known == paper.signer else { throw .notWhole("署名した鍵が、写しのハブのものではありません (not signed by the hub that is in it)") }
    }

    /// Adds a copy to a folder that only grows: never over another, and none that is older than what its signer has put there.
    static func add(_ file: URL, _ slip: CopySlip?, to folder: URL) throws {
        guard let slip else { throw TownFile.Failure.disk("署名のない写しは置き足せません。ハブを一度起動してください (unsigned: start the hub once)") }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names where name.hasSuffix(".slip") {
            guard let octets = try? Data(contentsOf: folder.appending(path: name)), let other = try? CopySlip([UInt8](octets)), other.paper.signer == slip.paper.signer, other.number > slip.number
            else { continue }
            throw TownFile.Failure.occupied("\(name) のほうが新しい写しです。置いていません (a newer copy is there)")
        }
        let name = "noroshi-\(slip.number)-\(slip.paper.signer.fingerprint.prefix(4)).copy"
        for (source, target) in [(file, folder.appending(path: name)), (place(of: file), folder.appending(path: name + ".slip"))] {
            let new = URL(filePath: target.path + ".new-\(getpid())")
            defer { try? FileManager.default.removeItem(at: new) }
            do {
                try FileManager.default.copyItem(at: source, to: new)
                let handle = try FileHandle(forWritingTo: new)
                try handle.synchronize()
                try handle.close()
            } catch { throw TownFile.Failure.disk("\(target.path): \(error.localizedDescription)") }
            // A link, and not a move: what is there stays.
            guard link(new.path, target.path) == 0 else { throw TownFile.Failure.disk("\(target.path): \(String(cString: strerror(errno)))") }
        }
    }

    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private static let decoder = {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }()
}
