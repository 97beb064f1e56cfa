"""Words: the names of runs, two words a person can say and type. Pure.

>>> two_words(bytes(8))
'able-ant'
"""

from typing import Final

ADJECTIVES: Final = (
    "able amber aware bold brave brief bright brisk calm clear clever cool cosy crisp daring "
    "deep eager early easy even exact fair fast fine firm fond fresh gentle glad golden good "
    "grand green happy hardy honest humble just keen kind late light lively loyal lucky mellow "
    "merry mild modest neat new nimble noble plain polite proud quick quiet rapid ready sharp "
    "shy silent simple sincere sleek smart smooth sober solid sound spry steady still strong "
    "subtle sunny sure swift tame tender tidy tough true upbeat vivid warm wise witty young zesty"
)
ANIMALS: Final = (
    "ant badger bat bear beaver bee bison boar camel cat cobra condor coot crab crane cricket "
    "crow deer dingo dog dolphin dove duck eagle eel egret elk falcon ferret finch fox frog gecko "
    "gibbon goat goose grouse gull hare hawk hen heron horse ibex ibis jackal jay koala lark lemur "
    "lion lizard llama lynx magpie marten mole moose moth mouse mule newt ocelot orca oryx osprey "
    "otter owl ox panda parrot pigeon pony puffin puma quail rabbit ram raven robin salmon seal "
    "shrew skunk sloth snail snipe sparrow squid stoat stork swan swift tapir tern tiger toad "
    "trout turtle viper vole walrus wasp weasel whale wolf wombat wren yak zebra"
)


def two_words(token: bytes) -> str:
    """Return a name for a random token of 8 bytes or more."""
    adjectives, animals = ADJECTIVES.split(), ANIMALS.split()
    rest, adjective = divmod(int.from_bytes(token[:8], "big"), len(adjectives))
    return f"{adjectives[adjective]}-{animals[rest % len(animals)]}"
