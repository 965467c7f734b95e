/// Sound as a value: samples of 16 bits, one channel, and the WAV file that holds them (RIFF, PCM).
import Glibc

struct Sound: Equatable {
    var rate: Int
    var samples: [Int16]

    struct Unreadable: Error { let reason: String }

    /// Lengths and rates are ours, or were looked at when the file was read.
    static func silence(_ seconds: Double, rate: Int) -> Sound { Sound(rate: rate, samples: Array(repeating: 0, count: max(0, Int(seconds * Double(rate))))) }

    mutating func append(_ other: Sound) { samples += other.samples }

    /// Four tones, upward before and downward after an announcement, as people know it from 防災行政無線. No siren: that sound has a meaning
    /// by law (気象業務法施行規則, 予報警報標識規則), and whoever wants it plays it himself.
    static func chime(up: Bool, rate: Int) -> Sound {
        // A4, C♯5, E5, A5.
        let tones = [440.0, 554.37, 659.26, 880.0]
        var sound = Sound(rate: rate, samples: [])
        for tone in up ? tones : tones.reversed() {
            // The rate was looked at when it was read.
            let length = Int(0.55 * Double(rate))
            sound.samples += (0..<length).map { place in
                let time = Double(place) / Double(rate)
                // Begins within 5 ms and dies away, so that it does not click.
                let height = 11_000 * min(1, time / 0.005) * exp(-time * 4)
                return Int16(clamping: Int(height * sin(2 * .pi * tone * time)))
            }
        }
        return sound
    }

    // MARK: WAV

    /// As open_jtalk writes it: `fmt ` and `data`, others passed over.
    init(wav octets: [UInt8]) throws(Unreadable) {
        // More than there is gives what there is, and places grow from zero.
        func number(_ place: Int, _ count: Int) -> Int { octets.dropFirst(place).prefix(count).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) } }
        // More than there is gives what there is.
        func word(_ place: Int) -> String { String(decoding: octets.dropFirst(place).prefix(4), as: UTF8.self) }
        guard octets.count >= 44, word(0) == "RIFF", word(8) == "WAVE" else { throw Unreadable(reason: "WAVではありません (no WAV)") }
        var place = 12, rate = 0
        while place + 8 <= octets.count {
            let (name, length) = (word(place), number(place + 4, 4))
            if name == "fmt " {
                guard number(place + 8, 2) == 1, number(place + 10, 2) == 1, number(place + 22, 2) == 16 else { throw Unreadable(reason: "16ビット・モノラルではありません (not 16 bit mono)") }
                rate = number(place + 12, 4)
                guard (8000...96_000).contains(rate) else { throw Unreadable(reason: "\(rate)ヘルツは扱えません (not this rate)") }
            } else if name == "data" {
                guard rate > 0 else { break }
                // What is said to be longer than it is gives what there is.
                let data = Array(octets.dropFirst(place + 8).prefix(length))
                var samples: [Int16] = []
                samples.reserveCapacity(data.count / 2)
                var low: UInt8?
                for octet in data {
                    guard let first = low else {
                        low = octet
                        continue
                    }
                    // Sixteen bits from sixteen, whatever they are.
                    samples.append(Int16(bitPattern: UInt16(octet) << 8 | UInt16(first)))
                    low = nil
                }
                self.init(rate: rate, samples: samples)
                return
            }
            place += 8 + length + length & 1
        }
        throw Unreadable(reason: "WAVに音がありません (no sound in it)")
    }

    init(rate: Int, samples: [Int16]) { (self.rate, self.samples) = (rate, samples) }

    var wav: [UInt8] {
        func four(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        func two(_ number: Int) -> [UInt8] { (0..<2).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        let size = samples.count * 2
        var octets = Array("RIFF".utf8) + four(36 + size) + Array("WAVEfmt ".utf8) + four(16) + two(1) + two(1) + four(rate) + four(rate * 2) + two(2) + two(16)
        octets += Array("data".utf8) + four(size)
        octets.reserveCapacity(octets.count + size)
        for sample in samples {
            octets.append(UInt8(truncatingIfNeeded: sample))
            octets.append(UInt8(truncatingIfNeeded: sample >> 8))
        }
        return octets
    }

    var seconds: Double { Double(samples.count) / Double(max(1, rate)) }
}
