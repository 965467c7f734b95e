/// Where the bulletins of these tests lie.
import Foundation

enum JMASamples {
    /// The package, found from this file: …/Tests/IngestTests/JMA/JMASamples.swift. Links are followed.
    static let package: URL = {
        var url = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url
    }()

    static func fixture(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: package.appending(path: "Tests/Fixtures/jma/\(name)")))
    }

    static func demonstration(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: package.appending(path: "Templates/demo/\(name)")))
    }

    static func text(_ name: String) throws -> String { String(decoding: try fixture(name), as: UTF8.self) }

    /// The bulletins nobody here wrote; nil where they are not at hand.
    static let corpus: URL? = {
        let place = ProcessInfo.processInfo.environment["NOROSHI_CORPUS"].map { URL(fileURLWithPath: $0) }
            ?? package.appending(path: "../shared/corpus").standardizedFileURL
        let folder = place.appending(path: "jma")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    static let corpusFiles: [URL] = {
        guard let corpus, let all = FileManager.default.enumerator(at: corpus, includingPropertiesForKeys: nil)
        else { return [] }
        return all.compactMap { $0 as? URL }.filter { $0.pathExtension == "xml" }.sorted { $0.path < $1.path }
    }()
}
