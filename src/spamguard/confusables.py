"""Letters that look like Latin ones; written by tools/confusables.py.

From Unicode's confusables (UTS #39) as confusable-homoglyphs 3.3.1 carries them, and from the
names of letters in Unicode 14.0.0. Copyright 1991-2024 Unicode, Inc., used under the Unicode
License v3 (https://www.unicode.org/license.txt).
"""

# ruff: noqa: RUF001


def _by_character(groups: dict[str, str]) -> dict[str, str]:
    return {character: latin for latin, characters in groups.items() for character in characters}


#: Letters of other scripts, by the Latin one they look like.
FOREIGN = _by_character(
    {
        "a": "ΑαАаᎪᗅꓮꭺ",
        "b": "ΒβБВЬвѢѣҌҍᏏᏴᏼᑲᑳᖯᗷꓐ",
        "c": "СсҪҫԑᏟⲈⲉⲤⲥꓚꮛꮯ",
        "d": "ԁᎠᏧᑯᗞᗪꓒꓓꭰ",
        "e": "ΕεЄЕеєҽҿᎬꓰꭼ",
        "f": "Ϝғքᖴꓝ",
        "g": "ԌԍցᏀᏳᏻꓖꮐ",
        "h": "ΗНнћҢңһӇӈӉӊհᎻᏂᏲᕼⲎꓧꚕꮋ",
        "i": "ΙιІіӀӏᎥᣳⲒꓲꙇꭵ",
        "j": "ͿϳЈјյᎫᒍꓙꭻ",
        "k": "ΚκКкҚҞᏦⲔꓗ",
        "l": "ᏞᒪⳐⳑꓡꮮ",
        "m": "ΜϺМмӍᎷᗰⲘꓟ",
        "n": "ΝηпոռⲚꓠ",
        "o": "ΟοσОоѲѳӨөՕօჿᎾᏫⲞⲟꓳꭴꮎꮻ",
        "p": "ΡρРрᏢᑭᣖᴩⲢⲣꓑꮲ",
        "q": "ԛգզ",
        "r": "гᎡᏒᖇᣴᴦⲅꓣꭱꮁꮢ",
        "s": "ЅѕՏᏕᏚᣵꓢꮪ",
        "t": "ΤτТтҬҭᎢᎿⲦꓔꭲ",
        "u": "μυՍսᏌᑌꓴꮜ",
        "v": "νѴѵᏙᐯꓦꮩ",
        "w": "ωѡѽԜԝաᎳᏔꓪꮃ",
        "x": "ΧχХхҲᕁᕽ᙭Ⲭꓫ",
        "y": "ΥγУуҮүҰұყᎩᎽⲨꓬ",
        "z": "ΖᏃᙆꓜꮓ",
    }
)

#: Latin letters in another dress, by the plain one.
DRESSED = _by_character(
    {
        "a": "Ⱥɑᴀᶏⱥ🅐🅰",
        "b": "ƀƁƂƃƄɃɓʙᵬᶀꞖꞗꞴ🅑🅱",
        "c": "ƇƈȻȼɕᴄꞒꞓꞔꟄ🅒🅲",
        "d": "ÐĐđƉƊƋƌȡɖɗᴅᵭᶁᶑꟇꟈ🅓🅳",
        "e": "Ɇɇɛᴇᶒⱸꬲꬴ🅔🅴",
        "f": "ƑƒᵮᶂẝꜰꞘꞙꬵ🅕🅵",
        "g": "ƍƓǤǥɠɡɢᶃꞠꞡꞬꬶ🅖🅶",
        "h": "ĦħɦʜⱧⱨꜧꞕꞪ🅗🅷",
        "i": "ıƖƗǀɨɩɪᵻᵼᶖꞮ🅘🅸",
        "j": "ȷɈɉɟʄʝᴊꞲ🅙🅹",
        "k": "ĸƘƙᴋᶄⱩⱪꝀꝁꝂꝃꝄꝅꞢꞣ🅚🅺",
        "l": "ŁłƚȴȽɫɬɭʟᶅⱠⱡⱢꝈꝉꞎꞭꬷꬸꬹ🅛🅻",
        "m": "ɱʍᴍᵯᶆⱮꬺꭑ🅜🅼",
        "n": "ƝƞȠȵɲɳɴᵰᶇꞐꞑꞤꞥꬻ🅝🅽",
        "o": "ØøƟɵᴏᴑⱺꝊꝋꝌꝍꬽꬾ🅞🅾",
        "p": "ƤƥᴘᵱᵽᶈⱣꝐꝑꝒꝓꝔꝕ🅟🅿🆊",
        "q": "ɋʠᶐꝖꝗꝘꝙꞯ🅠🆀",
        "r": "ƦɌɍɼɽɾʀᵲᵳᶉⱤꞦꞧꭇꭈꭉꭋꭌ🅡🆁",
        "s": "ƽȿʂᵴᶊⱾꜱꞨꞩꟅꟉꟊ🅢🆂",
        "t": "ŦŧƫƬƭƮȶȾʈᴛᵵⱦ🅣🆃",
        "u": "ɄᴜᵾᶙꞟꞸꞹꭎꭒ🅤🆄",
        "v": "ƲʋᴠᶌⱱⱴꝞꝟ🅥🆅",
        "w": "ɯᴡⱲⱳꝡ🅦🆆",
        "x": "ᶍꞳꭖꭗꭘꭙ🅧🆇",
        "y": "ƳƴɎɏɣʏỾỿꭚ🅨🆈",
        "z": "ƵƶȤȥɀʐʑᴢᵶᶎⱫⱬⱿꟆ🅩🆉",
    }
)
