import Foundation
import Glibc
import Testing

/// The package of the program the tests were built with, built once for all who look at it; `file` is nil where it cannot be built here.
private final class BuiltPackage: Sendable {
    let file: URL?
    let words: String

    static let only = Result { try BuiltPackage() }

    private init() throws {
        // Always the same place: the next one takes the last one's.
        let folder = package.appending(path: ".build/test-package")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let program = package.appending(path: ".build/debug/noroshi").path
        guard access(program, X_OK) == 0, try said("dpkg-shlibdeps", ["--version"]) != nil else {
            (file, words) = (nil, "skipped: the program is not built (swift build), or dpkg-dev is not installed")
            return
        }
        let heard = try said("sh", ["-c", "DEB_COMPRESSION=none '\(package.path)/deploy/deb' '\(program)' '\(folder.path)'"])
        words = heard?.text ?? ""
        file = URL(filePath: heard?.code == 0 ? String(words.split(separator: "\n").last ?? "") : "/nonexistent")
    }
}

/// `deploy/deb`: what it lays where, and that a fresh machine can run it.
@Suite("The Debian package", .serialized)
final class PackageTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-root-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { _ = try? FileManager.default.removeItem(at: folder) }  // only a temporary folder

    private func built() throws -> URL? {
        let built = try BuiltPackage.only.get()
        guard let file = built.file else {
            print(built.words)
            return nil
        }
        try #require(access(file.path, R_OK) == 0, "\(built.words)")
        return file
    }

    private func field(_ name: String, _ file: URL) throws -> String {
        try #require(try said("dpkg-deb", ["--field", file.path, name])).text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test("It holds program, texts, units, user, settings, handbook, manuals, completions and whose work it is")
    func contents() throws {
        guard let file = try built() else { return }
        let listing = try #require(try said("dpkg-deb", ["--contents", file.path])).text
        for path in [
            "usr/bin/noroshi", "usr/share/noroshi/Templates/README.md", "usr/share/noroshi/RUNBOOK.md", "lib/systemd/system/noroshi.service",
            "lib/systemd/system/noroshi-edge.service", "lib/systemd/system/noroshi-front@.service", "lib/systemd/system/noroshi-copy.service", "usr/lib/sysusers.d/noroshi.conf",
            "usr/lib/tmpfiles.d/noroshi.conf", "etc/noroshi/noroshi.yaml", "etc/noroshi/edge.env", "usr/share/man/man1/noroshi-push.1.gz",
            "usr/share/bash-completion/completions/noroshi", "usr/share/zsh/vendor-completions/_noroshi",
            "usr/share/fish/vendor_completions.d/noroshi.fish", "usr/share/doc/noroshi/copyright",
            "usr/share/doc/noroshi/THIRD-PARTY-NOTICES.txt.gz", "usr/share/doc/noroshi/noroshi.cdx.json",
            "usr/share/doc/noroshi/examples/nginx/noroshi.conf",
        ] {
            #expect(listing.contains(" ./\(path)\n") || listing.contains(" ./\(path) -> "), "\(path)")
        }
        #expect(!listing.contains("usr/local"))
        let depends = try field("Depends", file)
        for library in ["libcurl4", "libpq5", "libqrencode4", "libsqlite3-0", "libxml2", "zlib1g", "libc6", "ca-certificates", "systemd"] {
            #expect(depends.contains(library), "\(library) in \(depends)")
        }
        #expect(try field("Version", file).wholeMatch(of: #/\d+\.\d+\.\d+([~+]git\d{8}\.\d{6}\.[0-9a-f]+)?/#) != nil)
        let lines = try #require(try said("sh", ["-c", "dpkg-deb --fsys-tarfile '\(file.path)' | tar xO ./lib/systemd/system/noroshi.service"])).text
        #expect(lines.contains("\nExecStart=/usr/bin/noroshi serve ") && !lines.contains("/usr/local"))
        let conffiles = try #require(try said("dpkg-deb", ["--info", file.path, "conffiles"])).text
        #expect(conffiles == "/etc/noroshi/edge.env\n/etc/noroshi/noroshi.yaml\n")
    }

    /// Runs in the fresh root. The hub says its address itself, and the script waits for that line.
    private static let play = #"""
        set -euo pipefail
        export DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8
        apt-get install -y -qq --no-install-recommends /root/noroshi_*.deb
        echo "modes $(stat -c %U:%G:%a /etc/noroshi/noroshi.yaml) $(stat -c %U:%G:%a /var/lib/noroshi)"
        runuser -u noroshi -- noroshi check --config /etc/noroshi/noroshi.yaml
        coproc HUB { exec runuser -u noroshi -- noroshi serve --config /etc/noroshi/noroshi.yaml --listen 127.0.0.1:0 2>&1; }
        hub=$HUB_PID
        while read -r -t 60 line <&"${HUB[0]}"; do
            echo "$line"
            [[ "$line" =~ 127\.0\.0\.1:([0-9]+) ]] && break
        done
        exec 3<>"/dev/tcp/127.0.0.1/${BASH_REMATCH[1]}"
        printf 'GET /spots/kesennuma-eki/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
        echo "page $(head -n 1 <&3)"
        kill -TERM "$hub"
        wait "$hub" && true
        echo "ended"
        apt-get remove -y -qq noroshi
        test -s /var/lib/noroshi/ledger.sqlite && test -s /etc/noroshi/noroshi.yaml && echo "record and settings stay"
        dpkg --purge noroshi
        test -s /var/lib/noroshi/ledger.sqlite && test ! -e /etc/noroshi && echo "record stays"
        """#

    @Test("A fresh Debian installs it with apt, checks the settings, runs the hub as its own user, and keeps the record when it goes")
    func freshRoot() throws {
        let root = package.appending(path: ".build/outside/debian-root.tar").path
        var facts = stat()
        guard stat(root, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return print("skipped: there is no fresh Debian (Tests/outside/install)") }
        guard getuid() == 0, try said("unshare", ["--mount", "--pid", "--fork", "true"])?.code == 0 else {
            return print("skipped: only root may make a root of its own here")
        }
        guard let file = try built() else { return }
        let tree = folder.appending(path: "root").path
        let script = folder.appending(path: "play.sh")
        try Self.play.write(to: script, atomically: true, encoding: .utf8)
        let heard = try #require(
            try said(
                "sh",
                [
                    "-c",
                    """
                    set -e; mkdir '\(tree)'; tar xf '\(root)' -C '\(tree)'; cp '\(file.path)' '\(script.path)' '\(tree)/root/'
                    timeout 300 env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
                        unshare --mount --pid --fork --kill-child --root='\(tree)' --mount-proc bash /root/play.sh
                    """,
                ]))
        #expect(heard.code == 0, "\(heard.text.suffix(4000))")
        for words in ["modes root:noroshi:640 noroshi:noroshi:700\n", "\ngood: ", "page HTTP/1.1 200", "\nended\n", "\nrecord and settings stay\n", "\nrecord stays\n"] {
            #expect(heard.text.contains(words), "\(words) in \(heard.text.suffix(4000))")
        }
    }
}
