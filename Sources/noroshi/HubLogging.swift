import AlertModel
import ArgumentParser
import Foundation
import Logging

/// Log lines on standard error: fixed text, facts behind it, one line each whatever others wrote into a fact.
enum HubLogging {
    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json }

    static func start(_ format: Format = .text) -> Logger {
        let level = ProcessInfo.processInfo.environment["NOROSHI_LOG"].flatMap { Logger.Level(rawValue: $0) } ?? .notice
        LoggingSystem.bootstrap { label in
            var handler = PlainLog(label: label, format: format)
            handler.logLevel = level
            return handler
        }
        return Logger(label: "noroshi")
    }
}

/// One line for each event: for people, or one JSON object for programs.
struct PlainLog: LogHandler {
    let label: String
    let format: HubLogging.Format
    var logLevel = Logger.Level.notice
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { $1 }.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        FileHandle.standardError.write(Data((text(event.level, "\(event.message)", facts, at: Date()) + "\n").utf8))
    }

    func text(_ level: Logger.Level, _ message: String, _ facts: [(String, String)], at now: Date) -> String {
        let time = JapanTime.text(now)
        switch format {
        case .text:
            let behind = facts.map { " \(PlainText.visible($0))=\(PlainText.visible($1))" }.joined()
            return "\(time) \(level) \(label):\(behind) \(PlainText.visible(message))"
        case .json:
            let fields = [("time", time), ("level", "\(level)"), ("logger", label), ("message", message)] + facts
            // Ours stand first; a fact of the same name would be a second key.
            var seen: Set<String> = []
            return "{" + fields.filter { seen.insert($0.0).inserted }.map { "\(Self.quoted($0)):\(Self.quoted($1))" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let safe = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
        return "\"" + PlainText.visible(safe) + "\""
    }
}
