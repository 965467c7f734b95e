/// The templates of this repository, and the channels as their manifests describe them.
import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

enum Rendered {
    static let folder = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Templates")

    static let areaMail = ChannelManifest(
        name: "area-mail", role: .crowd, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, titleLimit: 15, bodyLimit: 200,
        languages: [.japanese], concurrency: 8, reservedForImmediate: 2, attemptLimit: .seconds(10))
    /// In every language there are files of, also those that a town has to name.
    static let portal = portal(in: ScreenLanguages.inUse.known)
    static let tablet = tablet(in: ScreenLanguages.inUse.known)

    static func portal(in languages: [Language]) -> ChannelManifest {
        ChannelManifest(
            name: "wifi-portal", role: .page, afterSending: .lastStateWins, drills: .shownApart, languages: languages, concurrency: 8,
            reservedForImmediate: 2, attemptLimit: .seconds(5))
    }
    static func tablet(in languages: [Language]) -> ChannelManifest {
        ChannelManifest(
            name: "school-tablet", role: .tablet, afterSending: .lastStateWins, drills: .shownApart, languages: languages, concurrency: 8,
            reservedForImmediate: 2, attemptLimit: .seconds(5))
    }

    /// As the rules let them speak: a mail that sounds on every phone has few subjects.
    static let book = [
        ChannelManifest(
            name: "area-mail", role: .crowd, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, titleLimit: 15, bodyLimit: 200,
            languages: [.japanese], concurrency: 8, reservedForImmediate: 2, attemptLimit: .seconds(10),
            kinds: [.evacuation, .tsunami, .volcano, .landslide, .flood, .eew]), portal, tablet,
    ]
    static let channels = [areaMail, portal, tablet]
    /// As a town speaks that names no language: for tests over many bulletins.
    static let usual = [areaMail, portal(in: ScreenLanguages.inUse.all), tablet(in: ScreenLanguages.inUse.all)]

    static let samples: [(file: String, sample: Sample)] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "samples").path)) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            guard let data = try? Data(contentsOf: folder.appending(path: "samples/\(name)")),
                let sample = try? Sample.read(data, file: name)
            else { return nil }
            return (name, sample)
        }
    }()

    static func sample(_ name: String) throws -> Sample {
        try #require(samples.first { $0.file == "\(name).json" }).sample
    }

    static func texts(
        _ sample: Sample, _ manifest: ChannelManifest, _ mode: ModeName = .actual, renderer: Renderer
    ) throws -> [Language: RenderedText] {
        try renderer.render(
            sample.content, mode: mode, town: try #require(sample.place), local: sample.local,
            shelters: sample.shelters ?? [], manifest: manifest, previous: sample.toldBefore,
            vantage: sample.vantage)
    }
}
