/// Photographs from shelters' reports, beside the record: one file each, by its digest, in `report-photos/TOWN/`. The record says which one belongs to a
/// report; the picture itself leaves after ninety days, since there are people in it. Bound: `room` a town, the oldest leave first.
package import AlertModel
internal import Crypto
package import Foundation
package import Logging
internal import Synchronization

package final class ReportPhotos: Sendable {
    package static let folderName = "report-photos"
    package static let kept: TimeInterval = 90 * 86_400
    /// Octets of one town, and what of the disk is left for the record.
    package static let room = 256 << 20, reserve = 512 << 20

    private let folder: URL
    private let logger: Logger
    /// A disk that hangs keeps nobody waiting but whoever brought a photograph.
    private let thread = QuietThread("photos")

    package init(in data: URL, logger: Logger) { (folder, self.logger) = (data.appending(path: Self.folderName), logger) }

    /// Returns once it is on the disk: its digest, or nil where there was no room or the disk would not.
    package func keep(_ octets: [UInt8], of town: TownID, now: Date) async -> String? {
        let digest = SHA256.hash(data: octets).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let (place, logger) = (folder.appending(path: town.code), logger)
        return await thread.run {
            do {
                let manager = FileManager.default
                try manager.createDirectory(at: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                let file = place.appending(path: digest + ".jpg")
                if manager.fileExists(atPath: file.path) { return digest }
                guard HeldCopies.free(place) > Self.reserve else { return nil }
                try Self.write(octets, to: file)
                Self.sweep(place, now: now)
                return digest
            } catch {
                logger.error("a photograph is not kept", metadata: ["town": "\(town)", "error": "\(error)"])
                return nil
            }
        }
    }

    /// Nil: it has left, or never was.
    package func read(_ digest: String, of town: TownID) async -> [UInt8]? {
        guard digest.utf8.count == 64, digest.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
        let file = folder.appending(path: town.code).appending(path: digest + ".jpg")
        return await thread.run { (try? Data(contentsOf: file)).map { [UInt8]($0) } }
    }

    /// What is too old leaves, in every town.
    package func sweep(now: Date) async {
        let folder = folder
        await thread.run {
            for town in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] { Self.sweep(folder.appending(path: town), now: now) }
        }
    }

    private static func write(_ octets: [UInt8], to file: URL) throws {
        let new = URL(filePath: file.path + ".new")
        guard FileManager.default.createFile(atPath: new.path, contents: nil, attributes: [.posixPermissions: 0o600]) else { throw CocoaError(.fileWriteUnknown) }
        let handle = try FileHandle(forWritingTo: new)
        defer { try? handle.close() }
        try handle.write(contentsOf: octets)
        try handle.synchronize()
        try FileManager.default.moveItem(at: new, to: file)
    }

    private static func sweep(_ place: URL, now: Date) {
        let keys: Set<URLResourceKey> = [.contentModificationDateKey, .fileSizeKey]
        let files = ((try? FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: Array(keys))) ?? []).compactMap { file in
            (try? file.resourceValues(forKeys: keys)).map { (file: file, at: $0.contentModificationDate ?? now, octets: $0.fileSize ?? 0) }
        }
        var total = files.map(\.octets).reduce(0, +)
        for one in files.sorted(by: { $0.at < $1.at }) {
            guard total > room || now.timeIntervalSince(one.at) > kept else { return }
            try? FileManager.default.removeItem(at: one.file)
            total -= one.octets
        }
    }
}
