"""What lower rooms tell higher ones. One line says when it is sent and with what."""

from blinker import Namespace

_all = Namespace()
