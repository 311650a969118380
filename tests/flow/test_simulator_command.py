"""`wa simulator` as a person runs it: it says where its page is, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from simulator.control import Control
from tests.flow.simulated import ROOT

pytestmark = pytest.mark.slow


def test_it_says_where_it_is_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "cli", "simulator", "--data", str(tmp_path)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    said = ""
    with subprocess.Popen(argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        page = re.search(r"Page +(http://\S+)", said)
        file = re.search(r"Token +in (\S+)", said)
        assert page, said
        assert file, said
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
        with opener.open(page[1], timeout=30) as answer:
            assert "Ada" in answer.read().decode()
        control = Control.from_ready_file(Path(file[1]))
        assert [contact.name for contact in control.contacts()] == ["Ada", "Grace", "Alan"]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not Path(file[1]).exists()
    with pytest.raises(urllib.error.URLError):
        control.state()
