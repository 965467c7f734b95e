import Foundation
import Logging

/// Log lines on standard error: fixed text, facts behind it.
enum HubLogging {
    static func start() -> Logger {
        let level = ProcessInfo.processInfo.environment["NOROSHI_LOG"].flatMap { Logger.Level(rawValue: $0) } ?? .notice
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return Logger(label: "noroshi")
    }
}
