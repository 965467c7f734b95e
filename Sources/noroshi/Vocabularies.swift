import AlertModel
import ChannelKit
import Codes
import Foundation
import Hub
import Logging
import ServiceLifecycle
import UnixSignals

/// The dated vocabularies while the hub runs: looked at every ten seconds and on SIGHUP, without a restart.
struct Vocabularies: Sendable {
    let vocabulary: Vocabulary
    private let settings: Settings
    private let manifests: [ChannelManifest]

    init(settings: Settings, manifests: [ChannelManifest]) {
        vocabulary = Vocabulary(paths: settings.vocabularies ?? [])
        self.settings = settings
        self.manifests = manifests
    }

    func watch(_ hub: Hub) -> some Service {
        RunnerService {
            await cancelWhenGracefulShutdown {
                let calls = await UnixSignalsSequence(trapping: .sighup)
                await VocabularyWatch { await offThread { renew(hub) } }.run(calls: calls)
            }
        }
    }

    /// Takes what is new. The towns are made again with it, because a town lies in areas by the tables.
    private func renew(_ hub: Hub) {
        var towns: [Town] = []
        let news = vocabulary.look { towns = try settings.merged(hub.book.all).settings.makeTowns(codes: $0, channels: manifests) }
        if news.isChanged {
            hub.use(vocabulary.tables)
            hub.use(towns)
            hub.logger.notice("vocabularies are in force", metadata: ["edition": "\(vocabulary.tables.edition)"])
        }
        report(news.flaws, to: hub)
    }

    func report(_ flaws: [UnreadableTable], to hub: Hub) {
        for flaw in flaws {
            hub.attention.notice(
                .vocabulary, flaw.file, "\(flaw.line == 0 ? "" : "\(flaw.line)行目: ")\(flaw.reason)。前の内容のままです (what it said before stays)",
                from: "settings", at: hub.clock())
        }
        hub.attention.settle(.vocabulary, except: Set(flaws.map(\.file)))
    }

    /// Disks may be slow; Swift's own threads must not wait for them.
    private func offThread(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            Thread.detachNewThread {
                work()
                waiter.resume()
            }
        }
    }
}
