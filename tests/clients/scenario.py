"""What do six readers show, poll after poll, while stories join, merge and split? Started by run.sh."""

import json, pathlib, re, subprocess, sys, tempfile

import clients
from planet import EDITIONS, Daemon, Origin

FEEDS = ['atom', 'rss', 'json']
VALIDATE = pathlib.Path('tests/validators/validate.py')


def faults(shown, pages):
    """What a person would see: one page, or one title, under two headings; or a heading that leads to another page."""
    if not shown:
        return ['shows nothing']
    seen, found = {}, []
    for key, title, link in shown:
        for fact in (title, link):
            if fact and seen.setdefault(fact, key) != key:
                found.append(f'twice: {fact}')
        if pages.get(title) != link:
            found.append(f'{title} leads to {link}')
    if len({key for key, _, _ in shown}) != len(shown):
        found.append('one id twice')
    return found


class Steps:
    """Polls all readers after each change, and keeps what they showed."""

    def __init__(self, daemon, origin, folder):
        self.daemon, self.origin, self.folder = daemon, origin, folder
        self.readers = self.subscribe(folder)
        # Of each step: its name, what the feeds hold, and what each reader shows beyond that.
        self.rows, self.bad, self.validated = [], 0, 0

    def subscribe(self, folder):
        return [client(f'{self.daemon.base}/{edition}.{ending}', folder) for edition in EDITIONS
                for ending in FEEDS for client in clients.ALL if ending in client.reads]

    def newcomers(self):
        """Who subscribes now is shown what is published, and no more."""
        for reader in self.subscribe(self.folder / 'newcomers'):
            edition = reader.url.rsplit('/', 1)[1].split('.')[0]
            shown = reader.poll()
            found = faults(shown, self.origin.pages)
            if {key for key, _, _ in shown} != self.published(edition):
                found.append(f'shows {shown}')
            for fault in found:
                print(f'  BAD newcomer {reader.name} {reader.url}: {fault}')
            self.bad += len(found)

    def step(self, name):
        self.validate()
        published = {f'{edition}.json': self.published(edition) for edition in EDITIONS}
        tombstones = {edition: self.tombstones(edition) for edition in EDITIONS}
        print(f'{name}: {self.counts(published)} entries published, {self.counts(tombstones)} tombstones')
        cells = {}
        for reader in self.readers:
            edition, ending = reader.url.rsplit('/', 1)[1].split('.')
            now = published[f'{edition}.json']
            shown = reader.poll()
            ids = {key for key, _, _ in shown}
            kept, again = ids - now, len(shown) - len(ids)
            # One that compares titles keeps what had another title: told in the table, and no fault of ours.
            found = [] if reader.compares_titles else faults(shown, self.origin.pages)
            found += [f'lacks {key}' for key in now - ids]
            # What a reader keeps and the feed no longer has, is the entry of a story that became part of another.
            found += [f'keeps {key}' for key in kept - tombstones[edition]]
            for fault in found:
                print(f'  BAD {reader.name} {edition}.{ending}: {fault}')
            self.bad += len(found)
            cell = f'{len(now)}' + (f' + {len(kept)}' if kept else '') + (f', {again} twice' if again else '')
            cells.setdefault((reader.name, ending), []).append(cell)
        self.rows.append((name, cells))

    @staticmethod
    def counts(of):
        return ' and '.join(str(len(ids)) for ids in of.values())

    def published(self, edition):
        return {item['id'] for item in json.loads(self.daemon.get(f'/{edition}.json'))['items']}

    def tombstones(self, edition):
        return set(re.findall('deleted-entry ref="([^"]+)"', self.daemon.get(f'/{edition}.atom').decode()))

    def validate(self):
        """All that is published passes the validators."""
        paths = [f'/{edition}.{ending}{query}' for edition in EDITIONS for ending in FEEDS for query in ('', '?lang=it')]
        for path in [*paths, '/status.atom', '/editions.opml', '/sources.opml']:
            (self.folder / 'document').write_bytes(self.daemon.get(path))
            kind = path.split('?')[0].rsplit('.', 1)[1]
            command = [sys.executable, VALIDATE, kind, self.folder / 'document', self.daemon.base + path]
            done = subprocess.run(command, capture_output=True, text=True)
            told = json.loads(done.stdout.splitlines()[-1])
            self.validated += 1
            if told['errors'] or told['warnings']:
                self.bad += 1
                print(f'  BAD {path}: {done.stdout}')

    def table(self):
        """As docs/CLIENTS.md has it: both editions in one cell where they are alike."""
        names = [name for name, _ in self.rows]
        lines = ['| reader, format | ' + ' | '.join(names) + ' |', '|---|' + '---|' * len(names)]
        for key in sorted(self.rows[0][1], key=lambda key: (key[0].lower(), key[1])):
            cells = [' / '.join(dict.fromkeys(row[key])) for _, row in self.rows]
            lines.append(f'| {key[0]}, {key[1]} | ' + ' | '.join(cells) + ' |')
        return '\n'.join(lines)


def main():
    origin = Origin()
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(pathlib.Path(folder), origin)
        steps = Steps(daemon, origin, pathlib.Path(folder))
        daemon.start()
        try:
            play(steps, daemon, origin)
        finally:
            daemon.stop()
    print(steps.table())
    print(f'{steps.validated} documents validated')
    print(f'{steps.bad} faults' if steps.bad else 'no reader shows an entry twice, and each title leads to its page')
    sys.exit(bool(steps.bad))


def play(steps, daemon, origin):
    # Of one merge the original is the older story, of the other the Italian essay is.
    alone = [['en/garden'], ['it/languages'], ['en/maps'], ['it/river']]
    for site, slug in [('en', 'garden'), ('it', 'languages'), ('en', 'maps'), ('it', 'river')]:
        origin.publish(site, slug)
    daemon.command('poll')
    daemon.until(*alone)
    for site, slug in [('en', 'ships'), ('it', 'prima')]:
        origin.publish(site, slug)
    daemon.command('poll')
    daemon.until(*alone, ['en/ships'], ['it/prima'])
    steps.step('subscribed')
    steps.step('polled again')
    # A translation, and an original that comes after its translation.
    origin.publish('it', 'garden')
    origin.publish('en', 'languages')
    daemon.command('poll')
    garden, languages = ['en/garden', 'it/garden'], ['en/languages', 'it/languages']
    apart = [['en/maps'], ['it/prima'], ['en/ships'], ['it/river']]
    daemon.until(garden, languages, *apart)
    steps.step('two versions joined')
    pairs = [(origin.url('en', 'maps'), origin.url('it', 'prima')), (origin.url('en', 'ships'), origin.url('it', 'river'))]
    for pair in pairs:
        daemon.command('same', *pair)
    merged = [['en/maps', 'it/prima'], ['en/ships', 'it/river']]
    daemon.until(garden, languages, *merged)
    steps.step('two merges')
    steps.step('polled again')
    steps.newcomers()
    for slug in ['garden', 'languages']:
        daemon.command('different', origin.url('en', slug), origin.url('it', slug))
    parted = [['en/garden'], ['it/garden'], ['en/languages'], ['it/languages']]
    daemon.until(*parted, *merged)
    steps.step('two splits')
    daemon.stop()
    daemon.start()
    steps.step('a restart')
    # The stories that were taken over are back under their own ids, so that who kept their entries has each once.
    for pair in pairs:
        daemon.undo(*pair)
    daemon.until(*parted, *apart)
    steps.step('the merges undone')


main()
