/// DMDATA.JP v2 as a way in: every bulletin of JMA within a fraction of a second, earthquake early warnings too.
///
///     POST /v2/socket ──▶ ticket ──▶ WebSocket dmdata.v2 ──▶ queue ──▶ sink          dmdata:1
///     POST /v2/socket ──▶ ticket ──▶ WebSocket dmdata.v2 ──▶ queue ──▶ sink          dmdata:2
///
/// Two sockets in two regions, because each is restarted about once a month. Both hand on all they get: the hub knows
/// what it has had.
///
/// The personal plan of DMDATA forbids passing on to third parties: a town needs a corporate contract.
package import ChannelKit
internal import Curl
internal import FoundationEssentials
internal import ServiceLifecycle

package struct DMDATASource: Service {
    package struct Settings: Sendable {
        /// https, or http to this machine.
        package var base = "https://api.dmdata.jp/v2/"
        /// The API key; never logged.
        package var key: String
        /// One socket each. Nil: whichever region the ticket names.
        package var socketHosts: [String?] = ["ws-tokyo.api.dmdata.jp", "ws-osaka.api.dmdata.jp"]
        package var classifications = ["eew.warning", "eew.forecast", "telegram.earthquake", "telegram.volcano", "telegram.weather"]
        /// At most 30; nil: all of the classifications.
        package var types: [String]?
        package var includesDrills = false
        /// Silence beyond this raises the alarm. The far end pings well within two minutes.
        package var patience: Duration? = .seconds(150)
        /// PEM file to trust instead of the system's authorities.
        package var authorities: String?

        package init(key: String) { self.key = key }
    }

    package struct SettingsError: Error, CustomStringConvertible {
        package let description: String
    }

    private let lines: [DMDATALine]
    private let settings: Settings
    private let watch: any SourceWatch

    package init(
        _ settings: Settings, transport: any HTTPTransport, sink: any BulletinSink, watch: any SourceWatch,
        clock: SourceClock = SourceClock()
    ) throws(SettingsError) {
        guard FeedOrigin(settings.base) != nil, settings.base.hasSuffix("/") else {
            throw SettingsError(description: "「\(settings.base)」は https で始まり / で終わる宛先ではありません (not https and a folder)")
        }
        guard (1...4).contains(settings.socketHosts.count) else { throw SettingsError(description: "接続は1〜4本です (1 to 4 sockets)") }
        guard !settings.classifications.isEmpty, settings.types?.count ?? 0 <= 30, !settings.key.isEmpty else {
            throw SettingsError(description: "APIキー、区分一つ以上、種類30以下が要ります (an API key, one classification and at most 30 types are needed)")
        }
        let tls = CurlConfiguration.TLS(authorities: settings.authorities)
        if let file = settings.authorities {
            guard let text = try? String(contentsOf: URL(filePath: file), encoding: .utf8), text.contains("-----BEGIN CERTIFICATE-----") else {
                throw SettingsError(description: "TLS: \(file)に証明書（PEM）がありません (no certificate there)")
            }
        }
        self.settings = settings
        self.watch = watch
        lines = settings.socketHosts.enumerated().map { number, host in
            DMDATALine(
                name: "dmdata:\(number + 1)", host: host, settings: settings, tls: tls, transport: transport, sink: sink,
                watch: watch, clock: clock)
        }
    }

    package func run() async throws {
        for line in lines { watch.expect(line.name, within: settings.patience) }
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for line in lines {
                    // Both end by cancellation only.
                    group.addTask { try? await line.listen() }
                    group.addTask { try? await line.handOn() }
                }
            }
        }
    }
}
