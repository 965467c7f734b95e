// swift-tools-version: 6.2
import Foundation
import PackageDescription

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let ssl = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nio = ["NIOCore", "NIOPosix", "NIOHTTP1"].map { Target.Dependency.product(name: $0, package: "swift-nio") }

/// One line per channel: its folder in `Channels/` and what it needs beyond ChannelKit and AlertModel.
let channels: [(name: String, dependencies: [Target.Dependency])] = [
    ("AreaMail", ["CellBroadcast", "TextRules"]),
    ("WiFiPortal", ["Gzip", "QRCode", crypto]),
    ("SchoolTablet", []),
    ("LAlert", ["TextRules", crypto]),
    ("Webhook", [crypto]),
    ("Program", ["Spawning"]),
    ("Mail", []),
    ("MQTT", [.product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio")]),
    ("Speech", ["Codes", "Spawning"]),
    ("Post", [crypto]),
    ("Push", [crypto]),
]

let webSocket: [Target.Dependency] = nio + [.product(name: "NIOWebSocket", package: "swift-nio")]

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // In our own targets while we work on them; whoever builds the program to use it is not stopped by another compiler.
    .treatAllWarnings(as: .error, .when(configuration: .debug)),
]

func room(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func library(_ name: String, _ pkgConfig: String, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

let kit: [Target.Dependency] = ["AlertModel", "ChannelKit"]
let testKit: [Target.Dependency] = kit + ["ChannelKitTesting", "Curl", log]

/// Measures the program from outside, and reading and targeting from inside. A tree without it, as a container's, is
/// whole all the same.
let benchmarks: [Target] = FileManager.default.fileExists(atPath: Context.packageDirectory + "/Benchmarks/CEpoll") ? [
    .systemLibrary(name: "CEpoll", path: "Benchmarks/CEpoll"),
    .executableTarget(
        name: "noroshi-bench",
        dependencies: kit + [
            "Bundles", "CEpoll", "Codes", "Ingest", "Seals", "Targeting", crypto,
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        path: "Benchmarks/Sources", swiftSettings: strict),
] : []

/// `make night`: one night told, or as many as one has time for.
let nights: [Target] = FileManager.default.fileExists(atPath: Context.packageDirectory + "/Benchmarks/Night") ? [
    .executableTarget(
        name: "noroshi-night", dependencies: ["Night", .product(name: "ArgumentParser", package: "swift-argument-parser")],
        path: "Benchmarks/Night", swiftSettings: strict),
] : []

/// `make fortnight`: a whole town's shelters.
let fortnights: [Target] = FileManager.default.fileExists(atPath: Context.packageDirectory + "/Benchmarks/Fortnight") ? [
    .executableTarget(
        name: "noroshi-fortnight", dependencies: ["Fortnight", .product(name: "ArgumentParser", package: "swift-argument-parser")],
        path: "Benchmarks/Fortnight", swiftSettings: strict),
] : []

/// `make histories`: what was written while faults were made, held against the rules.
let histories: [Target] = FileManager.default.fileExists(atPath: Context.packageDirectory + "/Benchmarks/Histories") ? [
    .executableTarget(
        name: "noroshi-histories", dependencies: ["Chance", "Histories", .product(name: "ArgumentParser", package: "swift-argument-parser")],
        path: "Benchmarks/Histories", swiftSettings: strict),
] : []

/// `NOROSHI_ROOM=Targeting swift build --build-tests` builds that room's tests and what they stand on, and nothing else:
/// seconds instead of minutes while one works in a room. `make test ROOM="Targeting Web"` sets it.
let asked = (Context.environment["NOROSHI_ROOM"] ?? "").split(separator: " ").map(String.init)

/// These rooms' tests start the built program.
let startsProgram = !Set(asked).isDisjoint(with: ["EndToEnd", "Deploy"])

func rooms(of all: [Target]) -> [Target] {
    guard !asked.isEmpty else { return all }
    let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    var wanted: Set<String> = []
    var open = asked.map { "\($0)Tests" } + (startsProgram ? ["noroshi"] : [])
    while let name = open.popLast() {
        guard let target = byName[name], wanted.insert(name).inserted else { continue }
        for dependency in target.dependencies {
            switch dependency {
            case .targetItem(let name, _), .byNameItem(let name, _): open.append(name)
            default: break
            }
        }
    }
    return all.filter { wanted.contains($0.name) }
}

let package = Package(
    name: "noroshi",
    products: asked.isEmpty || startsProgram ? [.executable(name: "noroshi", targets: ["noroshi"])] : [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates.git", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        // Not ours to use: without these lines each build would take the newest.
        .package(url: "https://github.com/apple/swift-algorithms.git", exact: "1.2.1"),
        .package(url: "https://github.com/apple/swift-async-algorithms.git", exact: "1.1.4"),
        .package(url: "https://github.com/apple/swift-atomics.git", exact: "1.3.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", exact: "1.4.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", exact: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-structured-headers.git", exact: "1.7.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-transport-services.git", exact: "1.28.0"),
        .package(url: "https://github.com/apple/swift-numerics.git", exact: "1.1.1"),
        .package(url: "https://github.com/apple/swift-service-context.git", exact: "1.5.1"),
        .package(url: "https://github.com/apple/swift-system.git", exact: "1.8.1"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
    ],
    targets: rooms(of: [
        library("CCurl", "libcurl", debian: "libcurl4-openssl-dev"),
        library("CPQ", "libpq", debian: "libpq-dev"),
        library("CQREncode", "libqrencode", debian: "libqrencode-dev"),
        library("CXML", "libxml-2.0", debian: "libxml2-dev"),
        library("CZlib", "zlib", debian: "zlib1g-dev"),

        // The words, and what a channel is.
        room("AlertModel", []),
        room("ChannelKit", ["AlertModel", log]),
        room("ChannelKitTesting", kit + nio + [log]),
        // Seeded chance for property tests; nothing of the program draws from it.
        room("Chance", [.product(name: "DequeModule", package: "swift-collections")]),
        room("TextRules", kit),
        // Child programs, started with nothing of ours.
        room("Spawning", []),
        // What we once wrote as JSON, read again quickly.
        room("OwnJSON", []),
        // Codes → hazard, gravity, over or not: said in one place for all who ask.
        room("Meanings", ["AlertModel"]),

        // Bytes in, alerts out.
        room("Codes", ["AlertModel"], exclude: ["generate.py"]),
        room("Gzip", ["CZlib"]),
        room(
            "Ingest",
            [
                "AlertModel", "Codes", "CXML", "Gzip", crypto, .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
            ]),
        room("Lifecycle", ["AlertModel", "Meanings"]),
        room("Receiving", kit + ["Curl", "Gzip", "Ingest", lifecycle, log] + webSocket),
        room("CAPFeed", ["AlertModel", "Meanings", crypto]),

        // The line.
        room("Memories", ["AlertModel"]),
        room("Targeting", kit + ["Meanings"]),
        room("Rendering", kit + ["Meanings", .product(name: "Mustache", package: "swift-mustache")]),
        room("Ledger", kit + [crypto]),
        room("LedgerStore", kit + ["Gzip", "Ledger", "OwnJSON", grdb, log]),
        // The same on a database elsewhere; nothing of it is known outside.
        room("LedgerPostgres", kit + ["CPQ", "Ledger", "LedgerStore", "OwnJSON", log]),
        room(
            "Dispatching",
            kit + [
                "Ledger", "Rendering", "Targeting", lifecycle, log,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        room("Devices", kit + [crypto]),
        // Who may do what, and what waits for a second person.
        room("Desk", kit + ["Devices", crypto, .product(name: "CryptoExtras", package: "swift-crypto")]),

        // The ways to the world.
        room("Web", []),
        room("Curl", ["CCurl", "ChannelKit"]),
        room("CellBroadcast", nio),
        room(
            "Commons",
            ["AlertModel", "Ingest", crypto, log, .product(name: "Hummingbird", package: "hummingbird")]),
        // HTTP as hub and edge both speak it: the front door, bodies, problems, figures.
        room(
            "Serving",
            [
                "AlertModel", "Web", crypto, log, .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "NIOCore", package: "swift-nio"),
            ]),
        room(
            "Streams",
            kit + [
                "OwnJSON", "Web", crypto, log, .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ]),
        room("Pages", ["AlertModel", "ChannelKit", "Gzip", crypto], resources: [.embedInCode("Tablet"), .embedInCode("Console")]),
        room("QRCode", ["CQREncode"]),
        // What people carry where no line goes: signed, numbered, as a file or as QR codes.
        room("Bundles", ["AlertModel", "Gzip", crypto]),

        // What towns sign of what tablets are told.
        room("Seals", kit + ["Bundles", "Devices", "Web", crypto]),

        // A town's own certificate authority, what it signs for machines that serve tablets, and TLS with that.
        room(
            "Certificates",
            kit + [
                crypto, log, ssl, x509, .product(name: "SwiftASN1", package: "swift-asn1"), .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]),

        // What tablets and pages ask and tell, at a hub and at an edge.
        room(
            "Tablets",
            kit + [
                "Devices", "Streams", "Ledger", "Pages", "Serving", "Web", .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),

        // All of it.
        room(
            "Hub",
            kit + [
                "Bundles", "Certificates", "Codes", "Desk", "Devices", "Dispatching", "Streams", "Seals", "Ingest", "Ledger", "Lifecycle", "Memories", "OwnJSON", "Rendering", "Targeting", crypto, log,
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        room(
            "HubAPI",
            kit + [
                "Bundles", "CAPFeed", "Certificates", "Codes", "Desk", "Devices", "Streams", "Hub", "Ingest", "Memories", "Pages", "QRCode", "Seals", "Serving", "Tablets", "Web", lifecycle, log, .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        room(
            "Relay",
            kit + [
                "Bundles", "Certificates", "Curl", "Devices", "Streams", "Gzip", "Ledger", "Pages", "Seals", "Serving", "Tablets", crypto, log,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        // A night of all that, simulated from a seed; nothing of the program depends on it.
        room(
            "Night",
            kit + [
                "Chance", "Codes", "Desk", "Devices", "Dispatching", "Streams", "Hub", "Ledger", "Memories", "Rendering", "Targeting", log,
                .product(name: "DequeModule", package: "swift-collections"), .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        // Fourteen days of a town's shelters, the same way.
        room(
            "Fortnight",
            kit + [
                "Chance", "Devices", "Streams", "Ledger", "Relay", "Serving", "Tablets", log,
                .product(name: "HeapModule", package: "swift-collections"), .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        // What was written down of real hubs while faults were made, and what it has to hold; nothing of the program depends on it.
        room("Histories", []),
        .executableTarget(
            name: "noroshi",
            dependencies: kit + [
                "Bundles", "CAPFeed", "CellBroadcast", "Certificates", "Codes", "Commons", "Curl", "Desk", "Devices", "Dispatching", "Streams", "Gzip", "Hub", "HubAPI",
                "Ingest", "Ledger", "LedgerPostgres", "LedgerStore", "QRCode", "Receiving", "Relay", "Rendering", "Seals", "Serving", "Tablets", "Targeting", crypto, lifecycle, log,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "Yams", package: "Yams"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ] + channels.map { .init(stringLiteral: $0.name) },
            swiftSettings: strict),

        tests("AlertModel", ["AlertModel", "Chance"]),
        tests("Bundles", ["AlertModel", "Bundles", "Chance", "QRCode"]),
        tests("CAPFeed", ["AlertModel", "CAPFeed", "Ingest"]),
        tests("Certificates", kit + ["Certificates", "ChannelKitTesting", "Ledger", crypto]),
        tests("CellBroadcast", ["CellBroadcast", "Chance", .product(name: "NIOEmbedded", package: "swift-nio")] + nio),
        tests("ChannelKitTesting", testKit),
        tests("Commons", ["Commons", "Curl", "ChannelKit"]),
        tests("Codes", ["AlertModel", "ChannelKitTesting", "Codes"]),
        tests("Curl", ["ChannelKit", "Curl"]),
        tests(
            "Dispatching",
            kit + [
                "Chance", "ChannelKitTesting", "Dispatching", "Ledger", "Rendering", "Targeting", log,
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        tests("Streams", testKit + ["Chance", "Streams", .product(name: "NIOPosix", package: "swift-nio")]),
        // Files of deploy/, the finder of traps, and the rooms of this file: no room of their own, hence the smallest one.
        tests("Deploy", ["Web"]),
        // The built program as a child process, hence no dependency on its rooms.
        tests("EndToEnd", kit + ["CellBroadcast", "Chance", "ChannelKitTesting", "Commons", "Curl", "Gzip", grdb, .product(name: "Yams", package: "Yams")] + webSocket),
        tests("Fortnight", ["Fortnight"] + fortnights.map { .init(stringLiteral: $0.name) }),
        tests("Gzip", ["Gzip"]),
        tests("Histories", ["Chance", "Histories"] + histories.map { .init(stringLiteral: $0.name) }),
        // Drills by chance over the program's own lines and adapters, before far ends that are live.
        tests(
            "Drills",
            kit + [
                "CellBroadcast", "Chance", "ChannelKitTesting", "Commons", "Curl", "Desk", "Devices", "Dispatching", "Streams", "Hub", "Ledger", "Memories", "Rendering", "Targeting", log,
                .product(name: "NIOPosix", package: "swift-nio"),
            ] + channels.map { .init(stringLiteral: $0.name) }),
        tests("Desk", ["AlertModel", "ChannelKit", "Desk", crypto]),
        tests("Hub", kit + ["Bundles", "Desk", "Hub", "Ledger", "Memories", log]),
        tests(
            "HubAPI",
            kit + [
                "Bundles", "Certificates", "Chance", "ChannelKitTesting", "Desk", "Devices", "Dispatching", "Streams", "Hub", "HubAPI", "Ledger", "LedgerStore", "QRCode", "Rendering", "Seals", "Serving", "Tablets", "Targeting", "Web", log,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ]),
        tests("Ingest", ["AlertModel", "Chance", "Codes", "Gzip", "Ingest"]),
        tests("Ledger", kit + ["Chance", "ChannelKitTesting", "Ledger", "LedgerPostgres", "LedgerStore", log], exclude: ["Fixtures"]),
        tests("Lifecycle", ["AlertModel", "Chance", "Codes", "Ingest", "Lifecycle", "Meanings"]),
        tests("Meanings", ["AlertModel", "Codes", "Meanings"]),
        tests("Memories", ["AlertModel", "Memories"]),
        tests("Night", ["Night"] + nights.map { .init(stringLiteral: $0.name) }),
        tests("OwnJSON", ["AlertModel", "Chance", "OwnJSON"]),
        tests("Pages", ["ChannelKit", "ChannelKitTesting", "Gzip", "Pages"]),
        tests("Seals", kit + ["Bundles", "Chance", "Devices", "Ledger", "Seals", "Streams", crypto, .product(name: "NIOPosix", package: "swift-nio")]),
        tests("Receiving", testKit + ["Gzip", "Receiving", lifecycle] + webSocket),
        tests("Relay", testKit + ["Bundles", "Certificates", "Devices", "Streams", "Ledger", "Relay", "Seals", "Serving", "Tablets", crypto,
            .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOEmbedded", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        ]),
        tests("Rendering", kit + ["Codes", "Ingest", "Rendering", "Targeting", "TextRules"]),
        tests("Targeting", kit + ["Chance", "Targeting"]),
        tests("TextRules", kit + ["TextRules"]),
        tests("Web", ["Chance", "Web"]),
    ]
        + benchmarks + nights + fortnights + histories
        + channels.flatMap { channel -> [Target] in
            let own = kit + channel.dependencies + [log]
            return [
                .target(
                    name: channel.name, dependencies: own, path: "Channels/\(channel.name)/Sources",
                    swiftSettings: strict),
                .testTarget(
                    name: "\(channel.name)Tests",
                    dependencies: own + [.init(stringLiteral: channel.name), "Chance", "ChannelKitTesting", "Commons", "Curl", crypto] + nio,
                    path: "Channels/\(channel.name)/Tests", swiftSettings: strict),
            ]
        })
)
