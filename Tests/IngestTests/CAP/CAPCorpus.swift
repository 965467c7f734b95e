/// The real alerts, where they are: `NOROSHI_CORPUS`, or `../shared/corpus` beside the checkout.
import FoundationEssentials

enum CAPCorpus {
    static let folder: String? = {
        let written = ProcessInfo.processInfo.environment["NOROSHI_CORPUS"]
        let beside = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let places = [written, "/\(beside)/../shared/corpus"].compactMap { $0 } + fromWorkingFolder
        return places.map { "\($0)/cap" }.first { FileManager.default.fileExists(atPath: $0) }
    }()

    private static var fromWorkingFolder: [String] {
        ["../shared/corpus", "../../shared/corpus"].map { "\(FileManager.default.currentDirectoryPath)/\($0)" }
    }

    static let isThere = folder != nil

    /// Files of one folder by name.
    static func files(_ name: String, prefix: String = "") -> [String] {
        guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)") else {
            return []
        }
        return names.filter { $0.hasPrefix(prefix) }.sorted().map { "\(name)/\($0)" }
    }

    static func octets(_ file: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: "\(folder ?? "")/\(file)")))
    }
}
