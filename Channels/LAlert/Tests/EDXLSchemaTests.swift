import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import LAlert

/// The public schema of EDXL-DE 1.0, where it is: `NOROSHI_CORPUS`, or `../shared/corpus` beside the checkout.
private let schema: String? = {
    let beside = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let here = FileManager.default.currentDirectoryPath
    return [ProcessInfo.processInfo.environment["NOROSHI_CORPUS"], "\(beside)/../shared/corpus", "\(here)/../shared/corpus", "\(here)/../../shared/corpus"]
        .compactMap { $0 }.map { "\($0)/cap/schema/edxl-de-1.0.xsd" }.first { FileManager.default.fileExists(atPath: $0) }
}()
private let xmllint = ["/usr/bin/xmllint", "/usr/local/bin/xmllint"].first { FileManager.default.isExecutableFile(atPath: $0) }

@Suite(
    "EDXL-DE by its public schema",
    .enabled(if: schema != nil && xmllint != nil, "no schema (NOROSHI_CORPUS) or no xmllint here"), .timeLimit(.minutes(1)))
struct EDXLSchemaTests {
    /// L-Alert puts elements of its own where the public schema has `targetArea` and `contentObject`. Under the public
    /// names, and without the target area, everything else has to follow it.
    private static func projected(_ envelope: String) -> String? {
        guard let begin = envelope.range(of: "<edxlde:EDXLDistribution"), let end = envelope.range(of: "</edxlde:EDXLDistribution>"),
              let area = envelope.range(of: "<commons:targetArea>"), let areaEnd = envelope.range(of: "</commons:targetArea>")
        else { return nil }
        let whole = envelope[begin.lowerBound..<area.lowerBound] + envelope[areaEnd.upperBound..<end.upperBound]
        return whole.replacingOccurrences(of: "commons:contentObject", with: "edxlde:contentObject")
    }

    @Test("Every kind of document follows it")
    func follows() async throws {
        var hall = try await TownHall()
        hall.extra["urgent_mail"] = "UMC1"
        let adapter = try hall.adapter()
        _ = try await hall.order(.order, ["南町"], by: adapter)
        _ = try await hall.order(.emergency, ["南町"], .update, revision: 2, body: "命の危険。直ちに安全確保。", by: adapter)
        _ = try await hall.order(.order, ["南町"], .cancel, revision: 3, body: "避難指示を取り消します。", by: adapter)
        _ = try await hall.shelters([("第一小", .open), ("公民館", nil)], revision: 1, by: adapter)
        await hall.close()
        #expect(hall.normal.every.count == 7)
        let folder = FileManager.default.temporaryDirectory.appending(path: "l-alert-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var files: [String] = []
        for (index, held) in hall.normal.every.enumerated() {
            let file = folder.appending(path: "\(index).xml")
            try Data(#require(Self.projected(String(decoding: held.octets, as: UTF8.self))).utf8).write(to: file)
            files.append(file.path)
        }
        let process = Process()
        process.executableURL = URL(filePath: try #require(xmllint))
        process.arguments = ["--noout", "--nonet", "--schema", try #require(schema)] + files
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(words)")
    }
}
