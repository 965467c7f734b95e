/// Colours and layout of the page, in one inline style sheet: no second request, no font, no image.
///
/// Dark on light, big type, and every colour has its word beside it. The colours of the warning levels are those
/// of 内閣府 (警戒レベル 5 black 12,0,12; 4 purple 170,0,170; 3 red 255,40,0; 2 yellow 242,231,0).
enum PortalStyle {
    struct Tone: Sendable {
        /// The class on the page.
        var name: String
        var ink: String
        var ground: String
    }

    /// The band over an item, by level first, then by gravity. WCAG 2.2 AA asks for a contrast of 4.5:1;
    /// white on the red of level 3 has 3.8:1, so its ink is black.
    static let tones: [Tone] = [
        Tone(name: "l5", ink: "#ffffff", ground: "#0c000c"),
        Tone(name: "l4", ink: "#ffffff", ground: "#aa00aa"),
        Tone(name: "l3", ink: "#0c000c", ground: "#ff2800"),
        Tone(name: "l2", ink: "#0c000c", ground: "#f2e700"),
        Tone(name: "p0", ink: "#ffffff", ground: "#a8001c"),
        Tone(name: "p1", ink: "#ffffff", ground: "#8a3400"),
        Tone(name: "pw", ink: "#ffffff", ground: "#7a4a00"),
        Tone(name: "p2", ink: "#ffffff", ground: "#0b4a8f"),
        Tone(name: "dr", ink: "#ffffff", ground: "#1b5e3a"),
        Tone(name: "old", ink: "#333333", ground: "#e4e4e4"),
    ]

    static let sheet: String = base + tones.map {
        ".\($0.name){border-color:\($0.ground)}.\($0.name)>.k,.\($0.name) summary .k{color:\($0.ink);background:\($0.ground)}"
    }.joined() + print

    private static let base = """
        *{box-sizing:border-box}html{-webkit-text-size-adjust:100%}
        body{margin:0 auto;max-width:46rem;padding:0 1rem 2rem;background:#fff;color:#111;\
        font:1.125rem/1.7 sans-serif;overflow-wrap:anywhere;word-break:auto-phrase}
        :lang(ja){font-family:"Hiragino Sans","Noto Sans JP","Noto Sans CJK JP",Meiryo,sans-serif}:lang(zh),:lang(ko){font-family:sans-serif}:lang(ko){word-break:keep-all}
        header{padding:.8rem 0 .2rem}h1,h2,h3,p{margin:0}.town{font-size:1.3rem;font-weight:700}.spot{color:#444}
        nav{display:flex;flex-wrap:wrap;gap:.4rem;margin:.5rem 0}
        nav div{display:flex;flex-wrap:wrap;gap:.4rem}nav summary{padding:.5rem 0;color:#0b4a8f}nav i{display:none}nav a,.b{display:inline-block;min-height:48px;padding:.55rem .9rem;border:2px solid #0b4a8f;border-radius:.4rem;\
        color:#0b4a8f;font-weight:700;line-height:1.5}
        @media(max-width:30rem){nav a{padding:.6rem .55rem;font-size:1rem}}
        nav a[aria-current]{background:#0b4a8f;color:#fff;text-decoration:none}
        a:focus-visible{outline:4px solid #111;outline-offset:2px}
        .now{font-weight:700;margin:.3rem 0 1rem}.here{font-size:1.3rem;line-height:1.5;margin:0 0 1rem;padding-left:.7rem;border-left:.5rem solid #0b4a8f}.paper{display:none}.map{width:100%;max-width:30rem;border:1px solid #bbb;border-radius:.4rem}.map text{font-size:14px;font-weight:700;text-anchor:middle}.map .l{text-anchor:start}.y{white-space:nowrap;font-weight:700}.map circle{fill:#fff;stroke:#111;stroke-width:2}.map circle.o{fill:#1b5e3a}.map text.o{fill:#fff}.map .s{stroke:#0b4a8f;stroke-width:6}.map .r,.map .b{fill:none;stroke:#666;stroke-dasharray:3}.map .b{stroke:#111;stroke-width:2;stroke-dasharray:none}rt{font-size:.5em}h1{font-size:1.5rem;line-height:1.4}h2{font-size:1.3rem;margin:2rem 0 .5rem}
        .i{border:3px solid;border-radius:.5rem;margin:.8rem 0;break-inside:avoid}.i>.k{padding:.4rem .9rem;font-size:1.25rem;font-weight:700}
        .i h2,.i h3{margin:0;font-size:1.45rem;line-height:1.45;padding:.7rem .9rem 0}.i .t{padding:.5rem .9rem}.i .t p+p{margin-top:.6rem}
        .w,.f{padding:0 .9rem;color:#444;font-size:1rem}.f{padding-bottom:.7rem}
        .cut{border:3px solid #a8001c;border-radius:.5rem;padding:.7rem .9rem;margin:.8rem 0;font-weight:700}
        .drill .i{border-style:dashed}.i .x{padding:0 .9rem;font-size:1rem;color:#444}.i .no{padding:.7rem .9rem 0}
        summary{cursor:pointer;min-height:48px;font-weight:700;padding-bottom:.3rem}summary .k{padding:.2rem .6rem;margin:0 .2rem;font-size:1.05rem}
        .i summary{padding:.4rem .9rem}@media screen{[lang|=ja] .i summary{line-height:2.3}}summary h2,summary h3{display:inline;font-size:1.15rem!important;padding:0!important}
        .no{font-size:1.5rem;font-weight:700;line-height:1.5;padding:1.5rem 0 .5rem}
        ul{list-style:none;margin:0;padding:0}li{padding:.5rem 0;border-bottom:1px solid #bbb}
        .m{margin-top:1rem}li b{display:inline-block;min-width:6em;padding:0 .5em;border:2px solid #111;border-radius:.3rem;text-align:center}
        li .open{background:#1b5e3a;border-color:#1b5e3a;color:#fff}li .full{background:#fff}li .closed{background:#e4e4e4;border-color:#666;color:#333}
        footer{margin-top:2.5rem;border-top:2px solid #111;padding-top:.7rem;font-size:1rem;color:#333}footer p+p{margin-top:.5rem}

        """

    /// On paper, for the notice board of a shelter: black on white, since printers leave grounds out; the title big enough
    /// to be read from the other side of a hall, the text from two steps away. Where there is much (`many`), the first item
    /// is the largest and all the others share the rest of one sheet: nobody reads a second sheet. Other languages are longer, and easy Japanese has its readings over the words.
    private static let print = """
        @page{size:A4;margin:12mm}@media print{nav,.b{display:none}.paper{display:flex;gap:4mm;align-items:center;font-size:16pt}.paper svg{width:30mm;flex:none}.map{max-width:75mm}.many .map{display:none}footer{break-inside:avoid;margin-top:4mm}body{max-width:none;padding:0;color:#000}\
        .i h2,.i h3{font-size:26pt}.i>.k,li b[class]{color:#000;background:#fff;border-color:#000}.i>.k{border-bottom:3px solid}\
        .i .t{font-size:15pt;line-height:1.5}.now,.i>.k,ul{font-size:16pt}section,.i{break-inside:avoid}\
        [lang=ja] .i h2,[lang=ja] .i h3{font-size:40pt}[lang=ja] .i .t{font-size:20pt}\
        .many{font-size:10pt;line-height:1.35}.many .i{margin:1.5mm 0;border-width:2px}.many section{break-inside:auto}\
        .many .i h2,.many .i h3{font-size:14pt!important;padding-top:1mm}.many .i .t{font-size:11pt;line-height:1.35;padding:1mm .9rem}\
        .many .i .t p+p{margin-top:0}.many [role=alert] .i h2,.many [role=alert] .i h3{font-size:24pt!important}.many [role=alert] .t{font-size:14pt}\
        .many .w,.many .f{font-size:9pt;display:inline-block;padding-bottom:0}.many .now,.many .i>.k,.many ul{font-size:11pt;margin:0;padding:0 .9rem}\
        .many summary{min-height:0;padding:0}.many summary h2,.many summary h3{font-size:12pt!important}.many li{padding:0}.many h1,.many>h2,.many section>h2{font-size:13pt;margin:1mm 0}}
        """
}
