"""Slack's names of emoji, and the characters that they stand for.

Slack takes its names from the emoji-data project (https://github.com/iamcal/emoji-data); most of them are names of
Unicode's or of GitHub's too, which the `emoji` package knows. The table below holds those that differ, and the
few that Slack drew itself and that have a neighbour in Unicode.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import emoji

# Slack's name -> Unicode's name
_SLACK_NAMES = {
    "bald_person": "person_bald",
    "barely_sunny": "sun_behind_large_cloud",
    "bride_with_veil": "person_with_veil",
    "calendar": "tear-off_calendar",
    "camel": "two-hump_camel",
    "cat": "cat_face",
    "cow": "cow_face",
    "curly_haired_person": "person_curly_hair",
    "dog": "dog_face",
    "drum_with_drumsticks": "drum",
    "egg": "egg",
    "eject": "eject_button",
    "email": "envelope",
    "face_palm": "person_facepalming",
    "face_with_cowboy_hat": "cowboy_hat_face",
    "face_with_finger_covering_closed_lips": "shushing_face",
    "face_with_one_eyebrow_raised": "face_with_raised_eyebrow",
    "face_with_open_mouth_vomiting": "face_vomiting",
    "female-doctor": "woman_health_worker",
    "fencer": "person_fencing",
    "first_place_medal": "1st_place_medal",
    "flag-england": "England",
    "flag-scotland": "Scotland",
    "flag-wales": "Wales",
    "giraffe_face": "giraffe",
    "grinning_face_with_one_large_and_one_small_eye": "zany_face",
    "grinning_face_with_star_eyes": "star-struck",
    "guardsman": "guard",
    "hand_with_index_and_middle_fingers_crossed": "crossed_fingers",
    "handball": "person_playing_handball",
    "horse": "horse_face",
    "i_love_you_hand_sign": "love-you_gesture",
    "japan": "map_of_Japan",
    "juggling": "person_juggling",
    "keycap_star": "keycap_*",
    "kiss": "kiss_mark",
    "kiwifruit": "kiwi_fruit",
    "knife_fork_plate": "fork_and_knife_with_plate",
    "ladybug": "lady_beetle",
    "large_blue_square": "blue_square",
    "large_brown_circle": "brown_circle",
    "large_brown_square": "brown_square",
    "large_green_circle": "green_circle",
    "large_green_square": "green_square",
    "large_orange_circle": "orange_circle",
    "large_orange_square": "orange_square",
    "large_purple_circle": "purple_circle",
    "large_purple_square": "purple_square",
    "large_red_square": "red_square",
    "large_yellow_circle": "yellow_circle",
    "large_yellow_square": "yellow_square",
    "lightning": "cloud_with_lightning",
    "lightning_cloud": "cloud_with_lightning",
    "male-doctor": "man_health_worker",
    "man-heart-man": "couple_with_heart_man_man",
    "man-kiss-man": "kiss_man_man",
    "man-with-bunny-ears-partying": "men_with_bunny_ears",
    "man-wrestling": "men_wrestling",
    "man_and_woman_holding_hands": "woman_and_man_holding_hands",
    "man_with_beard": "man_beard",
    "man_with_turban": "person_wearing_turban",
    "mate_drink": "mate",
    "medal": "military_medal",
    "men-with-bunny-ears-partying": "men_with_bunny_ears",
    "mostly_sunny": "sun_behind_small_cloud",
    "mother_christmas": "Mrs._Claus",
    "mouse": "mouse_face",
    "octagonal_sign": "stop_sign",
    "ok_woman": "person_gesturing_OK",
    "partly_sunny_rain": "sun_behind_rain_cloud",
    "pencil": "memo",
    "person_doing_cartwheel": "person_cartwheeling",
    "person_with_headscarf": "woman_with_headscarf",
    "pig": "pig_face",
    "piggy": "pig_face",
    "post_office": "Japanese_post_office",
    "rabbit": "rabbit_face",
    "rain_cloud": "cloud_with_rain",
    "red_haired_person": "person_red_hair",
    "scooter": "kick_scooter",
    "second_place_medal": "2nd_place_medal",
    "serious_face_with_symbols_covering_mouth": "face_with_symbols_on_mouth",
    "shipit": "chipmunk",
    "shocked_face_with_exploding_head": "exploding_head",
    "shopping_trolley": "shopping_cart",
    "simple_smile": "slightly_smiling_face",
    "smiling_face_with_3_hearts": "smiling_face_with_hearts",
    "smiling_face_with_smiling_eyes_and_hand_covering_mouth": "face_with_hand_over_mouth",
    "snow_cloud": "cloud_with_snow",
    "spock-hand": "vulcan_salute",
    "squirrel": "chipmunk",
    "staff_of_aesculapius": "medical_symbol",
    "sun_behind_cloud": "sun_behind_large_cloud",
    "sun_small_cloud": "sun_behind_small_cloud",
    "sunglasses": "smiling_face_with_sunglasses",
    "the_horns": "sign_of_the_horns",
    "third_place_medal": "3rd_place_medal",
    "thumbsup_all": "thumbs_up",
    "tiger": "tiger_face",
    "tornado_cloud": "tornado",
    "train": "tram_car",
    "turkey": "turkey",
    "whale": "spouting_whale",
    "white_haired_person": "person_white_hair",
    "woman-heart-man": "couple_with_heart_woman_man",
    "woman-heart-woman": "couple_with_heart_woman_woman",
    "woman-kiss-man": "kiss_woman_man",
    "woman-kiss-woman": "kiss_woman_woman",
    "woman-with-bunny-ears-partying": "women_with_bunny_ears",
    "woman-wrestling": "women_wrestling",
    "woman_with_beard": "woman_beard",
    "womans_flat_shoe": "flat_shoe",
    "women-with-bunny-ears-partying": "women_with_bunny_ears",
    "wrestlers": "people_wrestling",
    "zebra_face": "zebra",
}

_TONES = {f"skin-tone-{number}": chr(0x1F3FB + number - 2) for number in range(2, 7)}
_FLAG = len("flag-es")


@functools.cache
def _known() -> Mapping[str, str]:
    names: dict[str, str] = {}
    # Fully qualified forms first, so that a name means the coloured picture.
    table = sorted(emoji.EMOJI_DATA.items(), key=lambda item: item[1]["status"] != emoji.STATUS["fully_qualified"])
    for character, data in table:
        names.setdefault(data["en"].strip(":"), character)
    for character, data in table:
        for alias in data.get("alias", ()):
            names.setdefault(alias.strip(":"), character)
    for name, character in tuple(names.items()):
        names.setdefault(name.lower(), character)
    return names


def character(name: str) -> str | None:
    """The emoji that Slack calls `name` (without colons, perhaps with `::skin-tone-3` behind); None for one of the
    workspace's own making.
    """
    name, _colons, tone = name.partition("::")
    if tone and tone not in _TONES:
        return None
    found = _plain(name)
    if found is None or not tone:
        return found
    toned = found[0] + _TONES[tone] + found[1:].removeprefix("\N{VARIATION SELECTOR-16}")
    return toned if toned in emoji.EMOJI_DATA else found


def _plain(name: str) -> str | None:
    if name in _TONES:
        return _TONES[name]
    known = _known()
    if name in _SLACK_NAMES:
        return known.get(_SLACK_NAMES[name].lower())
    if name.startswith("flag-") and len(name) == _FLAG:
        flag = "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in name[-2:])
        return flag if flag in emoji.EMOJI_DATA else None
    spelled = name.replace("-", "_")
    for other in (name, spelled, _without_sex(spelled), f"family_{spelled}"):
        if other in known:
            return known[other]
    return None


def _without_sex(name: str) -> str:
    for ours, theirs in (("female_", "woman_"), ("male_", "man_")):
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    return name
