import Bundles
import Foundation
import Glibc
import LedgerStore

/// A copy's slip as a file, `FILE.slip`.
extension CopySlip {
    private static func place(of file: URL) -> URL { URL(filePath: file.path + suffix) }

    private static func read(_ octets: [UInt8]) throws(TownFile.Failure) -> CopySlip {
        do throws(PaperFlaw) { return try CopySlip(octets: octets) } catch {
            throw .notWhole("添え書き（.slip）が読めないか、変わっています (the slip is unreadable, or was changed)")
        }
    }

    /// Nil where no hub has ever run in the folder: it has no key.
    static func write(for file: URL, made: Date, after last: CopySlip? = nil, data: URL) throws -> CopySlip? {
        guard let text = try? String(contentsOf: data.appending(path: Papers.keyName), encoding: .utf8), let key = OwnPaperKey(text: text) else { return nil }
        let (octets, digest) = try SealedCopy.digest(file)
        let slip = try CopySlip(Body(sha256: digest, octets: octets, number: Seconds.of(made), made: made, base: last?.base, before: last?.body.sha256), by: key)
        do { try Data(slip.paper.octets).write(to: place(of: file), options: .atomic) } catch { throw TownFile.Failure.disk("\(place(of: file).path): \(error.localizedDescription)") }
        return slip
    }

    /// Nil where there is none, and nobody asks for one.
    static func read(for file: URL, expecting number: Int?, signer: String?) throws(TownFile.Failure) -> CopySlip? {
        guard let octets = try? Data(contentsOf: place(of: file)) else {
            guard number == nil, signer == nil else { throw .notWhole("添え書き（\(place(of: file).lastPathComponent)）がありません (there is no slip)") }
            return nil
        }
        let slip = try read([UInt8](octets))
        if let number, slip.number < number { throw .notWhole("番号 \(slip.number) は \(number) より古い写しです (an older copy)") }
        if let signer, !slip.signer.has(fingerprint: signer) { throw .notWhole("別の鍵 \(slip.signer.fingerprint) が署名しています (signed by another key)") }
        guard let found = try? SealedCopy.digest(file), found.octets == slip.body.octets, found.digest == slip.body.sha256 else {
            throw .notWhole("添え書きの写しではありません (not the copy its slip speaks of)")
        }
        return slip
    }

    /// What is inside says the same: its moment, and the hub's own key.
    func check(against about: SealedCopy.About, in stage: URL) throws(TownFile.Failure) {
        guard Seconds.of(about.made) == body.number else { throw .notWhole("添え書きの時刻が中身と違います (the slip speaks of another moment)") }
        let own = (try? String(contentsOf: stage.appending(path: Papers.keyName), encoding: .utf8)).flatMap { OwnPaperKey(text: $0) }
        guard own?.known == signer else { throw .notWhole("署名した鍵が、写しのハブのものではありません (not signed by the hub that is in it)") }
    }

    /// Adds a copy to a folder that only grows: never over another, and none that is older than what its signer has put there.
    static func add(_ file: URL, _ slip: CopySlip?, to folder: URL) throws {
        guard let slip else { throw TownFile.Failure.disk("署名のない写しは置き足せません。ハブを一度起動してください (unsigned: start the hub once)") }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names where name.hasSuffix(suffix) {
            guard let octets = try? Data(contentsOf: folder.appending(path: name)), let other = try? CopySlip(octets: [UInt8](octets)), other.signer == slip.signer, other.number > slip.number
            else { continue }
            throw TownFile.Failure.occupied("\(name) のほうが新しい写しです。置いていません (a newer copy is there)")
        }
        let name = slip.fileName
        for (source, target) in [(file, folder.appending(path: name)), (place(of: file), folder.appending(path: name + suffix))] {
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
}
