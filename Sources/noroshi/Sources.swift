import ChannelKit
import Foundation
import Hub
import Logging
import Receiving
import ServiceLifecycle

/// Where bulletins come from, beside `POST /v1/bulletins`.
struct SourceSettings: Codable, Sendable {
    struct Feeds: Codable, Sendable {
        var base: String?
        var feeds: [String]?
        var types: [String]?
        var daily_bytes: Int?
    }

    struct DMDATA: Codable, Sendable {
        /// A file that holds the API key and nothing else. Only the file's name stands in settings, logs and `ps`.
        var key_file: String
        var base: String?
        /// A host for each socket.
        var sockets: [String]?
        var classifications: [String]?
        var types: [String]?
        var drills: Bool?
        /// PEM file to trust instead of the system's authorities.
        var authorities_file: String?
    }

    /// How far a way is believed and what it may raise, where that is not as usual.
    struct Rule: Codable, Sendable {
        /// A way's name or its kind, as `noroshi check` lists them: `qzss`, `http:city-server`.
        var source: String
        /// `official`, `receiver`, `signed` or `other`.
        var trust: String?
        /// Kinds; `[]`: only recorded.
        var raises: [String]?
    }

    var rules: [Rule]?
    /// Folders that are watched.
    var folders: [String]?
    /// JMA's Atom feeds; `{}` takes them as they are.
    var feeds: Feeds?
    /// DMDATA.JP v2 over WebSockets, early warnings among it.
    var dmdata: DMDATA?
    /// Receivers of みちびき: `/dev/ttyUSB0@9600`, `tcp:HOST:PORT`, `file:PATH`.
    var qzss: [String]?
}

enum Sources {
    typealias Door = BulletinSink & SourceWatch

    static func make(
        _ settings: SourceSettings?, hub: Hub, transport: any HTTPTransport, notebook: any Notebook
    ) throws(SettingsError) -> [any Service] {
        let services = try make(settings, HubDoor(hub: hub), transport, notebook)
        return services.isEmpty ? [] : services + [SilenceAlarm(hub: hub)]
    }

    /// Made, not run: `noroshi check` does no more than this.
    static func make(
        _ settings: SourceSettings?, _ door: some Door, _ transport: any HTTPTransport, _ notebook: any Notebook
    ) throws(SettingsError) -> [any Service] {
        guard let settings else { return [] }
        do {
            var services: [any Service] = (settings.folders ?? []).map {
                FolderSource(.init(path: $0), sink: door, watch: door)
            }
            if let feeds = settings.feeds {
                services.append(try feed(feeds, door, transport, PrefixedNotebook(notebook, prefix: "source/")))
            }
            if let dmdata = settings.dmdata { services.append(try socket(dmdata, door, transport)) }
            for port in settings.qzss ?? [] {
                services.append(try SentenceSource(.init(port: try receiver(port)), sink: door, watch: door))
            }
            return services
        } catch let error as SettingsError {
            throw SettingsError("sources: \(error.reason)")
        } catch {
            throw SettingsError("sources: \(error)")
        }
    }

    private static func feed(
        _ wish: SourceSettings.Feeds, _ door: some Door, _ transport: any HTTPTransport, _ notebook: any Notebook
    ) throws -> FeedSource {
        var settings = FeedSource.Settings()
        settings.base = wish.base ?? settings.base
        settings.feeds = wish.feeds ?? settings.feeds
        settings.types = wish.types.map { Set($0) }
        settings.dailyBytes = wish.daily_bytes ?? settings.dailyBytes
        return try FeedSource(settings, transport: transport, notebook: notebook, sink: door, watch: door)
    }

    private static func socket(
        _ wish: SourceSettings.DMDATA, _ door: some Door, _ transport: any HTTPTransport
    ) throws -> DMDATASource {
        var settings = DMDATASource.Settings(key: try key(in: wish.key_file))
        settings.base = wish.base ?? settings.base
        settings.socketHosts = wish.sockets ?? settings.socketHosts
        settings.classifications = wish.classifications ?? settings.classifications
        settings.types = wish.types
        settings.includesDrills = wish.drills ?? false
        settings.authorities = wish.authorities_file
        return try DMDATASource(settings, transport: transport, sink: door, watch: door)
    }

    /// One word on one line. What is wrong is said without a letter of it.
    private static func key(in path: String) throws(SettingsError) -> String {
        let octets: Data
        do {
            octets = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw SettingsError("dmdata: key_file: \(path)が読めません: \((error as NSError).localizedDescription) (cannot be read)")
        }
        let key = String(decoding: octets.prefix(4096), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard octets.count <= 4096, !key.isEmpty, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SettingsError("dmdata: key_file: \(path)の中身が、APIキー一つだけではありません (does not hold one API key and nothing else)")
        }
        return key
    }

    private static func receiver(_ text: String) throws(SettingsError) -> ReceiverPort {
        if text.hasPrefix("tcp:") {
            let (host, port) = try Address.parse(String(text.dropFirst(4)))
            return .tcp(host: host, port: port)
        }
        if text.hasPrefix("file:") { return .file(path: String(text.dropFirst(5))) }
        let parts = text.split(separator: "@")
        guard parts.count == 2, let baud = Int(parts[1]) else {
            throw SettingsError("qzss: 「\(text)」は、DEVICE@BAUD, tcp:HOST:PORT, file:PATH のどれでもありません (none of these)")
        }
        return .serial(path: String(parts[0]), baud: baud)
    }
}

/// The hub, as the ways in see it.
private struct HubDoor: BulletinSink, SourceWatch {
    let hub: Hub

    func take(_ octets: [UInt8], name: String?, source: String) async -> SinkAnswer {
        var way = Intake(source: source)
        way.fileName = name
        do throws(IntakeFailure) {
            return try await hub.take(octets, way).isDuplicate ? .duplicate : .accepted
        } catch {
            switch error {
            case .refused(let reason): return .refused(reason)
            case .unrecorded(let reason): return .notRecorded(reason)
            }
        }
    }

    func expect(_ name: String, within patience: Duration?) {
        hub.health.expect(name, within: patience.map { $0 / .seconds(1) }, since: hub.clock())
    }

    func heard(_ name: String) { hub.health.heard(name, at: hub.clock()) }

    func told(_ name: String, _ time: Date) { hub.compareClocks(time, toldBy: name) }

    func trouble(_ name: String, _ words: String) {
        hub.health.trouble(name, words)
        hub.logger.warning("source in trouble", metadata: ["source": "\(name)", "reason": "\(words)"])
    }
}

/// Says once that a source has fallen silent, and once that it is back.
private struct SilenceAlarm: Service {
    let hub: Hub

    func run() async throws {
        var silent: Set<String> = []
        while !Task.isShuttingDownGracefully {
            let now = Set(hub.health.all.filter { $0.isSilent(at: hub.clock()) }.map(\.name))
            for name in now.subtracting(silent) {
                hub.logger.critical("a source of bulletins is silent", metadata: ["source": "\(name)"])
            }
            for name in silent.subtracting(now) {
                hub.logger.notice("a source of bulletins is heard again", metadata: ["source": "\(name)"])
            }
            silent = now
            try? await cancelWhenGracefulShutdown { try await ContinuousClock().sleep(for: .seconds(5)) }
        }
    }
}
