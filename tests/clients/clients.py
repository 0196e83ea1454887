"""How does each reader subscribe, poll and list? Each keeps what it keeps by itself between two polls."""

import json, pathlib, sqlite3, subprocess

import feedparser
from reader import make_reader


class Client:
    reads = ['atom', 'rss']
    # Whether it compares more than ids, so that an entry whose title changes stands there under both titles.
    compares_titles = False

    def __init__(self, url, folder):
        self.url = url
        self.folder = pathlib.Path(folder) / self.name / url.rsplit('/', 1)[1]
        self.folder.mkdir(parents=True)
        self.entries = {}

    def poll(self):
        """Fetches, and lists (identity, title, link) of all that the reader shows from now on."""
        raise NotImplementedError

    def remember(self, entries):
        """What a reader built on a parser does: one entry for each identity, the latest stands."""
        ids = [entry[0] for entry in entries]
        if len(ids) != len(set(ids)):
            return [*entries]
        self.entries.update((entry[0], entry) for entry in entries)
        return list(self.entries.values())


class Feedparser(Client):
    name = 'feedparser'
    etag = modified = None

    def poll(self):
        feed = feedparser.parse(self.url, etag=self.etag, modified=self.modified)
        if feed.get('status') == 304:
            return list(self.entries.values())
        assert not feed.bozo, feed.bozo_exception
        self.etag, self.modified = feed.get('etag'), feed.get('modified')
        return self.remember([(e.id, e.title, e.link) for e in feed.entries])


class Newsboat(Client):
    name = 'newsboat'

    def poll(self):
        (self.folder / 'urls').write_text(self.url + '\n')
        (self.folder / 'config').write_text('')
        files = ['-C', 'config', '-u', 'urls', '-c', 'cache.db']
        subprocess.run(['newsboat', *files, '-x', 'reload'], cwd=self.folder, check=True, capture_output=True, text=True)
        with sqlite3.connect(self.folder / 'cache.db') as db:
            entries = db.execute('select guid, title, url from rss_item where deleted = 0').fetchall()
        # What it says itself: nobody has read anything here.
        told = subprocess.run(['newsboat', *files, '-x', 'print-unread'], cwd=self.folder, check=True, capture_output=True, text=True)
        assert told.stdout.startswith(f'{len(entries)} unread'), told.stdout
        return entries


class Sfeed(Client):
    """sfeed_update merges what it fetched into its file: with the merge() that README.md shows, a line for each id."""

    name = 'sfeed with merge()'
    merge = """merge() { sort -s -t '\t' -u -k6,6 "$3" "$2" 2>/dev/null; }\n"""

    def poll(self):
        (self.folder / 'rc').write_text(f'sfeedpath="{self.folder}"\n{self.merge}feeds() {{ feed "it" "{self.url}"; }}\n')
        subprocess.run(['sfeed_update', self.folder / 'rc'], check=True, capture_output=True)
        lines = (self.folder / 'it').read_text().splitlines()
        # timestamp, title, link, content, content type, id, author, enclosure, categories
        fields = [line.split('\t') for line in lines]
        return [(f[5], f[1], f[2]) for f in fields]


class SfeedBare(Sfeed):
    """Of itself, a line for each id, title and link."""

    name = 'sfeed as it comes'
    merge = ''
    compares_titles = True


class Reader(Client):
    name = "lemon24's reader"
    reads = ['atom', 'rss', 'json']

    def poll(self):
        reader = make_reader(str(self.folder / 'db.sqlite'))
        reader.add_feed(self.url, exist_ok=True)
        reader.update_feed(self.url)
        return [(e.id, e.title, e.link) for e in reader.get_entries()]


class Node(Client):
    def poll(self):
        done = subprocess.run(['node', '-e', self.script, self.url], check=True, capture_output=True, text=True)
        return self.remember([tuple(entry) for entry in json.loads(done.stdout)])


class RssParser(Node):
    name = 'rss-parser'
    script = '''const Parser = require("rss-parser");
new Parser().parseURL(process.argv[1]).then((f) => console.log(JSON.stringify(f.items.map((i) => [i.guid ?? i.id, i.title, i.link]))))'''


class Feedsmith(Node):
    name = 'feedsmith'
    reads = ['atom', 'rss', 'json']
    script = '''const { parseFeed } = require("feedsmith");
const page = (links) => (links.find((l) => !l.rel || l.rel === "alternate") ?? {}).href;
fetch(process.argv[1]).then((r) => r.text()).then((text) => {
  const { feed } = parseFeed(text);
  const all = (feed.items ?? feed.entries).map((i) => [i.guid?.value ?? i.id, i.title?.value ?? i.title, i.link ?? i.url ?? page(i.links ?? [])]);
  console.log(JSON.stringify(all));
})'''


ALL = [Feedparser, Newsboat, Sfeed, SfeedBare, Reader, RssParser, Feedsmith]
