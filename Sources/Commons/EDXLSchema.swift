/// The public schema of EDXL-DE 1.0 (OASIS, 2006), asked by xmllint: the second opinion beside `ReportForm`, by a
/// program and a file that are not ours. Neither is shipped with the hub.
internal import Foundation

package struct EDXLSchema: Sendable {
    private let file: String
    private let xmllint: String

    /// Nil where the file or xmllint is missing.
    package init?(file: String) {
        let places = ["/usr/bin/xmllint", "/usr/local/bin/xmllint"]
        guard FileManager.default.fileExists(atPath: file),
              let xmllint = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) })
        else { return nil }
        self.file = file
        self.xmllint = xmllint
    }

    /// What the schema has against the report in an envelope; nil when nothing.
    package func objection(to envelope: [UInt8]) async -> String? {
        guard let report = Self.projected(String(decoding: envelope, as: UTF8.self)) else { return "no EDXLDistribution" }
        let folder = FileManager.default.temporaryDirectory.appending(path: "edxl-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(report.utf8).write(to: folder.appending(path: "report.xml"))
            return try await complaint(in: folder)
        } catch {
            return "the schema could not be asked: \(error)"
        }
    }

    /// L-Alert puts elements of its own where the public schema has `targetArea` and `contentObject`. Under the public
    /// names, and without the target area, everything else has to follow it.
    private static func projected(_ envelope: String) -> String? {
        guard let begin = envelope.range(of: "<edxlde:EDXLDistribution"), let end = envelope.range(of: "</edxlde:EDXLDistribution>"),
              let area = envelope.range(of: "<commons:targetArea>"), let areaEnd = envelope.range(of: "</commons:targetArea>"),
              begin.lowerBound < area.lowerBound, area.lowerBound < areaEnd.lowerBound, areaEnd.upperBound < end.upperBound
        else { return nil }
        // Each was searched for behind the one before.
        let whole = envelope[begin.lowerBound..<area.lowerBound] + envelope[areaEnd.upperBound..<end.upperBound]
        return whole.replacingOccurrences(of: "commons:contentObject", with: "edxlde:contentObject")
    }

    private func complaint(in folder: URL) async throws -> String? {
        // To a file: a pipe that is full would keep xmllint waiting for a reader.
        let words = folder.appending(path: "words")
        try Data().write(to: words)
        let process = Process()
        process.executableURL = URL(filePath: xmllint)
        process.arguments = ["--noout", "--nonet", "--schema", file, folder.appending(path: "report.xml").path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: words)
        let status = try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                ended.resume(throwing: error)
            }
        }
        guard status != 0 else { return nil }
        let said = String(decoding: try Data(contentsOf: words).prefix(2000), as: UTF8.self)
        guard let first = said.split(separator: "\n").first else { return "xmllint ended with \(status)" }
        return String(first.replacing(folder.path + "/", with: ""))
    }
}
