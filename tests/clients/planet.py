"""Two sites and a daemon that follows them, all on loopback."""

import http.server, json, os, pathlib, re, signal, socket, subprocess, sys, threading, time, urllib.request
from email.utils import formatdate
from xml.sax.saxutils import escape

TEXTS = pathlib.Path('src/demo/texts')
TRIBUTARY = os.environ['TRIBUTARY']
# The original first, as by default; and one that prefers a translation, so that the version shown changes.
EDITIONS = {'main': ['*'], 'it': ['it', '*']}


class Origin:
    """Two sites on loopback: an English one with originals, an Italian one that translates."""

    def __init__(self):
        self.posts = {'en': [], 'it': []}
        # The page of each title.
        self.pages = {}
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site, _, rest = self.path.strip('/').partition('/')
                body = origin.feed(site).encode() if site in origin.posts and rest == 'feed' else b''
                self.send_response(200 if body else 404)
                self.send_header('Content-Type', 'application/rss+xml; charset=utf-8')
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.base = f'http://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, site, slug):
        return f'{self.base}/{site}/{slug}'

    def publish(self, site, slug):
        self.posts[site].insert(0, (slug, time.time() - 3600))

    def feed(self, site):
        items = ''
        for slug, when in self.posts[site]:
            head, body = (TEXTS / f'{slug}.{site}.md').read_text().split('\n---\n', 1)
            title = re.search('^title: (.*)$', head, re.M)[1]
            body = re.sub(r'\{\{(\w+)\}\}', lambda m: self.url('en', m[1]), body)
            html = ''.join(f'<p>{escape(block)}</p>' for block in body.split('\n\n'))
            link = self.pages[title] = self.url(site, slug)
            items += (f'<item><title>{escape(title)}</title><link>{link}</link><guid>{link}</guid>'
                      f'<pubDate>{formatdate(when)}</pubDate><description>{escape(html)}</description></item>')
        return (f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Site {site}</title>'
                f'<link>{self.base}/{site}/</link><description>d</description><language>{site}</language>{items}</channel></rss>')


class Daemon:
    """`tributary run`, and the commands that go through it."""

    def __init__(self, folder, origin):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        self.folder, self.base = folder, f'http://127.0.0.1:{self.port}'
        editions = ''.join(f'[[edition]]\nid = "{id}"\ntitle = "Edition {id}"\nlanguages = {json.dumps(languages)}\n'
                           for id, languages in EDITIONS.items())
        (folder / 'feeds.toml').write_text(f'''[server]
bind = "127.0.0.1:{self.port}"
public_url = "{self.base}"
[store]
path = "data"
[polling]
schedule = "0 0 3 1 1 *"
allow_private_networks = true
[[source]]
id = "originals"
url = "{origin.base}/en/feed"
role = "original"
[[source]]
id = "translations"
url = "{origin.base}/it/feed"
role = "repost"
{editions}''')

    def command(self, *arguments):
        done = subprocess.run([TRIBUTARY, *arguments, '--config', 'feeds.toml'], cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f'{arguments}: {done.stdout}{done.stderr}')
        return done.stdout

    def start(self):
        with open(self.folder / 'log', 'a') as log:
            self.process = subprocess.Popen([TRIBUTARY, 'run', '--config', 'feeds.toml'], cwd=self.folder,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        self.process.stdout.readline()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def get(self, path):
        with urllib.request.urlopen(self.base + path) as answer:
            return answer.read()

    def undo(self, *pair):
        """Takes an override out of feeds.toml again, as a person would; the daemon sees that the file was saved."""
        config = self.folder / 'feeds.toml'
        text = config.read_text()
        block = f'[[override]]\nsame = {json.dumps(pair)}\n'
        assert block in text, text
        config.write_text(text.replace(block, ''))

    def stories(self):
        stories = json.loads(self.command('stories', '--json'))
        return sorted(sorted(member['link'].rsplit('/', 2)[-2] + '/' + member['link'].rsplit('/', 1)[-1]
                             for member in story['members']) for story in stories)

    def until(self, *expected):
        """Waits until the stories have these members."""
        expected = sorted(sorted(story) for story in expected)
        for _ in range(150):
            if self.stories() == expected:
                return
            time.sleep(0.2)
        sys.exit(f'the stories are {self.stories()}, not {expected}')
