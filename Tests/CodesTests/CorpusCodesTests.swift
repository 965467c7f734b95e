/// Every area code in the headlines of real bulletins and official samples, looked up.
import AlertModel
import FoundationEssentials
import Testing

@testable import Codes

private let corpus: URL? = {
    let named = ProcessInfo.processInfo.environment["NOROSHI_CORPUS"].map { URL(fileURLWithPath: $0) }
    let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/corpus")
    return [named, beside].compactMap(\.self).first {
        FileManager.default.fileExists(atPath: $0.appendingPathComponent("jma").path)
    }
}()

@Suite("Codes of the corpus", .enabled(if: corpus != nil, "no corpus here: set NOROSHI_CORPUS"))
struct CorpusCodesTests {
    static let schemes: [String: AreaScheme] = [
        "気象情報／府県予報区・細分区域等": .jmaForecast, "気象・地震・火山情報／市町村等": .jmaCity, "津波予報区": .jmaTsunami,
        "地震情報／細分区域": .jmaSeismic, "緊急地震速報／地方予報区": .jmaEEW, "緊急地震速報／府県予報区": .jmaEEW,
        "火山名": .jmaVolcano, "河川": .jmaRiver, "指定河川洪水予報（予報区域）": .jmaRiver,
    ]

    @Test("Every headline code resolves but placeholders and municipalities merged away")
    func headlines() throws {
        var total: Set<String> = []
        var unresolved: [String: Set<String>] = [:]
        for file in try bulletins() {
            for (codeType, code) in headlineCodes(of: String(decoding: try Data(contentsOf: file), as: UTF8.self)) {
                total.insert("\(codeType) \(code)")
                let known = Self.schemes[codeType].map { CodeTables.bundled.knows($0, code) }
                    ?? (CodeTables.bundled.name(codeType: codeType, code) != nil)
                if !known { unresolved[codeType, default: []].insert(code) }
            }
        }
        #expect(total.count > 1_000)
        let counts = unresolved.mapValues(\.count)
        #expect(counts == [
            "気象・地震・火山情報／市町村等": 20,  // merged away: samples of 2006 to 2012
            "気象情報／府県予報区・細分区域等": 1,  // 990000
            "河川": 3,  // 1234567890 and the like
            "指定河川洪水予報（予報区域）": 1, "水位周知河川に関する情報（発表区間）": 1, "高潮予報区間": 1,
        ], "\(unresolved)")
    }

    private func bulletins() throws -> [URL] {
        let root = try #require(corpus).appendingPathComponent("jma")
        let folders = try FileManager.default.contentsOfDirectory(atPath: root.path)
        return try folders.flatMap { folder in
            let folder = root.appendingPathComponent(folder)
            return try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".xml") }.map { folder.appendingPathComponent($0) }
        }
    }

    /// `<Areas codeType="…">…<Code>…</Code>`; by text, to be independent of our XML reader.
    private func headlineCodes(of text: String) -> [(String, String)] {
        var found: [(String, String)] = []
        for piece in text.split(separator: "Areas codeType=\"").dropFirst() {
            guard let codeType = piece.split(separator: "\"").first, let end = piece.firstRange(of: "Areas>") else { continue }
            for area in piece[..<end.lowerBound].split(separator: "<Code>").dropFirst() {
                if let code = area.split(separator: "<").first { found.append((String(codeType), String(code))) }
            }
        }
        return found
    }
}
