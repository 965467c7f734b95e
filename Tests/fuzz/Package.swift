// swift-tools-version: 6.2
import PackageDescription

// The readers once more, watched by libFuzzer: a package of its own, because coverage is asked for target by target.
// The folders in Sources/ are links to the hub's own.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-sanitize=fuzzer"]),
]

func library(_ name: String, _ pkgConfig: String, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

let package = Package(
    name: "fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        .systemLibrary(name: "CFuzzer"),
        library("CXML", "libxml-2.0", debian: "libxml2-dev"),
        library("CZlib", "zlib", debian: "zlib1g-dev"),
        .target(name: "AlertModel", swiftSettings: strict),
        .target(name: "Codes", dependencies: ["AlertModel"], exclude: ["generate.py"], swiftSettings: strict),
        .target(name: "Gzip", dependencies: ["CZlib"], swiftSettings: strict),
        .target(
            name: "Ingest",
            dependencies: [
                "AlertModel", "Codes", "CXML", "Gzip", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"), .product(name: "SwiftASN1", package: "swift-asn1"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "ReadersFuzz", dependencies: ["AlertModel", "CFuzzer", "Codes", "Ingest"], swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ]
)
