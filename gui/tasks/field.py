"""Between the run and the Field tab: asks for planes, maps, images and rays in the background, only while they are seen."""

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ...core.errors import ZevatronError
from ...core.sources import selected_sources
from ...core.storage.kept import Store
from ..background.jobs import CANCELLED
from ..plots.field import rigidity_text
from ..plots.field_plane import MOST_RAYS
from ..state.answers import density_key
from ..state.field import (
    IMAGE_NSIDE,
    KEPT,
    FieldWork,
    field_key,
    is_imported,
    n_rays,
    setup_key,
    shown_field,
    which_of_several,
)
from ..state.labels import NARROW_SPACE, label_of
from ..style.numbers import fixed, percent, significant

EDIT_PAUSE = 250  # ms without a further edit before the field is asked for anew
SLIDE_PAUSE = 200  # ms that the slider rests before rays are traced for its rigidity
FIRST_RIGIDITY = 10.0  # EV
NO_POINTS = (
    "An imported lens or sample says only where nuclei come from: it has no field at points, so there are no planes to draw and "
    "no rays to follow. The images below are those of the lens; a sample has none."
)
STOPPED = "Stopped. F5 begins again."


class Request:
    """What was asked for last: a key, the job that is to bring it, and what is said in its place; forgotten when it is there.

    The words stay after a stop or a failure: whoever comes back to what was asked for reads why it is not there.
    """

    def __init__(self):
        self.forget()

    def begin(self, key, words):
        """Ask for something else; the job that is given up meanwhile is not one that was stopped."""
        self.key, self.job, self.words = key, None, words

    def forget(self):
        """Ask for the same again if it is wanted again."""
        self.begin(None, "")


class FieldExplorer(QObject):
    """Keeps the Field tab up to date with the run.

    Parameters
    ----------
    controller : Controller
    view : FieldView

    Attributes
    ----------
    failed : Signal(str)
        For the message bar.
    """

    failed = Signal(str)

    def __init__(self, controller, view, parent=None):
        super().__init__(parent)
        self._controller, self._jobs, self.view = controller, controller.jobs, view
        self._work, self._store = FieldWork(), Store(KEPT)
        self._setup_request, self._map_request, self._image_request = Request(), Request(), Request()
        self.rays, self._source_name, self._shown_setup, self._shown_field = [], "", None, None
        self._edit_timer = QTimer(self, singleShot=True, interval=EDIT_PAUSE)
        self._edit_timer.timeout.connect(self.refresh)
        self._slide_timer = QTimer(self, singleShot=True, interval=SLIDE_PAUSE)
        self._slide_timer.timeout.connect(self._ask_for_map)
        view.shown.connect(self.refresh)
        view.kind_chosen.connect(lambda kind: self._show_map())
        view.rigidity_chosen.connect(lambda rigidity: self._show_map())
        view.source_chosen.connect(self._choose_source)
        view.sky_clicked.connect(self._sky_clicked)
        view.rays_cleared.connect(self.clear_rays)
        controller.draft.subscribe(lambda paths: self._edit_timer.start())
        controller.density_changed.connect(self.refresh)
        self._jobs.changed.connect(self._job_changed)

    @property
    def config(self):
        """The run as it can be computed."""
        return self._controller.config

    @property
    def setup(self):
        """The ``FieldSetup`` of the run, or None."""
        return self._store.get(setup_key(self.config))

    @property
    def sky(self):
        """The ``SkyOfField`` of the chosen kind and rigidity, or None."""
        return self._store.get(self._map_key())

    @property
    def images(self):
        """The ``SourceImages`` of the chosen source, or None."""
        return self._store.get(self._image_key())

    @property
    def source(self):
        """The source whose images are shown."""
        sources = {source.name: source for source in selected_sources(self.config.sources)}
        wanted = (self._source_name, self._controller.choices.source)
        return next((sources[name] for name in wanted if name in sources), next(iter(sources.values())))

    def _map_key(self):
        return field_key(self.config), self.view.kind, f"{self.view.rigidity:.10g}"

    def _image_key(self):
        return density_key(self.config), self.source.name

    def refresh(self):
        """Show what belongs to the run as it is now, and ask for what is missing; nothing while the tab is hidden."""
        self._edit_timer.stop()
        self._work.forget_others(self.config)
        if not self.view.isVisible():
            return
        self.view.set_field_words(which_of_several(self.config))
        try:
            sources, source = selected_sources(self.config.sources), self.source
        except ZevatronError:
            return
        self.view.set_sources([entry.name for entry in sources], source.name)
        self.view.map.set_sources(sources, {source.name})
        self._show_setup()
        self._show_images_of_source()
        self._show_map()

    def again(self):
        """Compute what was stopped or has failed."""
        for request in (self._setup_request, self._map_request, self._image_request):
            request.forget()
        self.refresh()

    def _choose_source(self, name):
        self._source_name = name
        self.refresh()

    def _show_setup(self):
        """Show planes and slider of the run, or ask for them."""
        key, setup, config, request = setup_key(self.config), self.setup, self.config, self._setup_request
        if self._shown_field != key[0]:  # rays and map were those of another field
            if self._shown_field is not None:
                self.clear_rays()
                self.view.set_sky(None)
            self._shown_field = key[0]
        if setup is not None:
            if self._shown_setup != key:
                chosen = FIRST_RIGIDITY if self.view.rigidities is None else self.view.rigidity
                self.view.set_setup(setup, NO_POINTS)
                self.view.set_rigidities(setup.rigidity, chosen)
                self._shown_setup = key
            return
        if request.key != key:
            name = label_of("field.model", shown_field(config).model)
            request.begin(key, f"Evaluating {name}…")
            request.job = self._jobs.submit(
                f"Field of {name}", lambda progress: self._work.setup(config, progress), lane="field", key="field setup",
                on_done=lambda setup: self._setup_ready(key, setup), on_failed=lambda error: self._setup_failed(key, error),
            )
        self._shown_setup = None
        self.view.set_setup(None, request.words)

    def _setup_ready(self, key, setup):
        self._store.put(key, setup)
        self._setup_request.forget()
        self.refresh()

    def _setup_failed(self, key, error):
        self._setup_request.words = f"The field could not be evaluated: {error}"
        self.refresh()

    def _show_images_of_source(self):
        """Show the curves of the source, or ask for its images once the sky is there: their rays then lie in the cache."""
        images, config, key, source, request = self.images, self.config, self._image_key(), self.source, self._image_request
        if images is not None:
            self.view.set_statistics(images.statistics)
        elif not self._controller.is_current:
            self.view.set_statistics(None, f"The images of {source.name} appear with the sky of this run, which is being computed.")
        else:
            if request.key != key:
                request.begin(key, f"Reading the images of {source.name}…")
                request.job = self._jobs.submit(
                    f"Images of {source.name}", lambda progress: self._work.images(config, source, progress), lane="images",
                    key="field images", on_done=lambda images: self._images_ready(key, images),
                    on_failed=lambda error: self._images_failed(key, error),
                )
            self.view.set_statistics(None, request.words)

    def _images_ready(self, key, images):
        self._store.put(key, images)
        self._image_request.forget()
        self.refresh()

    def _images_failed(self, key, error):
        self._image_request.words = f"There are no images of {key[1]}: {error}"
        self.refresh()

    def _show_map(self):
        """Show the map of the chosen kind and rigidity, or ask for it when the slider rests."""
        if not self.view.isVisible() or self.setup is None:
            return
        if self.view.kind == "images" or self.sky is not None or is_imported(self.config):
            self._stop_map()
            self._show_known_map()
        elif self._map_request.key != self._map_key():
            self._stop_map()
            self._slide_timer.start()
            self.view.set_waiting(self._awaited())
        else:
            self.view.set_waiting(self._map_request.words)

    def _show_known_map(self):
        if self.view.kind == "images":
            self._show_images()
        elif self.sky is not None:
            self.view.set_sky(self.sky, *words_of(self.sky))
        else:
            self.view.set_sky(None, empty="An imported lens has no field at points; look at the images instead.")

    def _show_images(self):
        images = self.images
        if images is None:
            self.view.set_images(None, 1, empty=self.view.images_message.text())
            return
        index = int(abs(images.statistics.rigidity - self.view.rigidity).argmin())
        words = words_of_images(images.statistics, index)
        self.view.set_images(images.row(index), IMAGE_NSIDE, *words, statistics=images.statistics, current=index)

    def _awaited(self):
        number = f"{n_rays(self.view.kind):,}".replace(",", NARROW_SPACE)
        return f"Following {number} rays of {rigidity_text(self.view.rigidity)}…"

    def _stop_map(self):
        self._slide_timer.stop()
        job = self._map_request.job
        self._map_request.forget()
        if job is not None:
            self._jobs.cancel(job)

    def _ask_for_map(self):
        config, kind, rigidity, key = self.config, self.view.kind, self.view.rigidity, self._map_key()
        self._map_request.begin(key, self._awaited())
        self._map_request.job = self._jobs.submit(
            f"{kind.capitalize()} at {rigidity_text(rigidity)}", lambda progress: self._work.sky(config, rigidity, kind, progress),
            lane="field", key="field map", on_done=lambda sky: self._map_ready(key, sky),
            on_failed=lambda error: self._map_failed(key, error),
        )

    def _map_ready(self, key, sky):
        self._store.put(key, sky)
        self._map_request.forget()
        self._show_map()

    def _map_failed(self, key, error):
        self._map_request.words = "The map could not be computed."
        self.failed.emit(f"The {key[1]} map could not be computed: {error}")
        if key == self._map_key():
            self.view.set_sky(None)
            self._show_map()

    def _job_changed(self, job):
        if job.state != CANCELLED:
            return
        for request in (self._setup_request, self._map_request, self._image_request):
            if job is request.job:
                request.words = STOPPED
                self.refresh()

    def _sky_clicked(self, glon, glat):
        """Follow what is seen from the pixel under the mouse back through the Galaxy."""
        from ...core.sky import pixel_vectors, unit_vectors, vector_pixels

        if is_imported(self.config):
            self.view.set_rays(self.rays, "An imported lens has no field at points, so no ray can be followed.")
            return
        self.view.map.set_selected((glon, glat))
        sky = None if self.view.kind == "images" else self.sky
        nside = IMAGE_NSIDE if sky is None else sky.nside
        ipix = int(vector_pixels(nside, unit_vectors(glon, glat)))
        arrivals = pixel_vectors(nside, [ipix]) if sky is None else sky.arrivals(ipix)
        if not len(arrivals):
            self.view.set_rays(self.rays, "No ray of this map leaves the Galaxy there.")
            return
        config, rigidity, key = self.config, self.view.rigidity, field_key(self.config)
        self._jobs.submit(
            f"Rays of {rigidity_text(rigidity)}", lambda progress: self._work.rays(config, rigidity, arrivals, progress),
            lane="rays", on_done=lambda rays: self._rays_ready(key, rays),
        )

    def _rays_ready(self, key, rays):
        if key == field_key(self.config):
            self.rays = [*self.rays, *rays][-MOST_RAYS:]
            self.view.set_rays(self.rays)

    def clear_rays(self):
        """Take all rays out of the planes."""
        self.rays = []
        self.view.map.set_selected(None)
        self.view.set_rays(())


def words_of(sky):
    """Return heading and caption of a ``SkyOfField``."""
    rigidity = rigidity_text(sky.deflection.rigidity)
    share = sky.deflection.trapped
    trapped = f"; {percent(share)} do not leave the Galaxy" if share else ""
    if sky.kind == "deflection":
        return f"Deflection at {rigidity}", f"by direction of arrival; median {fixed(float(np.nanmedian(sky.values)))}°{trapped}"
    per_pixel = sky.magnification.rays_per_pixel
    error = f"{per_pixel:.0f} rays to a pixel: ± {percent(per_pixel**-0.5, 0)} at magnification 1"
    return f"Magnification at {rigidity}", f"by direction outside the Galaxy; {error}{trapped}"


def words_of_images(statistics, index):
    """Return heading and caption of the images of a source at one of its rigidities."""
    heading = f"Images of {statistics.name} at {rigidity_text(float(statistics.rigidity[index]))}"
    if statistics.n_images[index] == 0:
        return heading, "no nucleus of this rigidity gets through to the Earth"
    n = int(statistics.n_images[index])
    return heading, (
        f"{n} image{'' if n == 1 else 's'}, spread {fixed(statistics.spread[index])}°, magnification "
        f"{significant(float(statistics.magnification[index]), 2)}, {statistics.n_effective[index]:.0f} effective rays"
    )
