"""Widgets that show: skies, spectra, training curves, results. They compute no physics and hard-code no colour.

Everything here is a plain ``QWidget`` with setters and signals; colours follow ``gui.style.theme`` by themselves.

``sky.SkyPanels``
    The Sky tab. ``set_density(SkyDensity | None)``, ``set_mock(MockEvents | None, bin_edges, index=0, directions=None,
    energy=None)``, ``set_sources(sources, chosen=names)``, ``set_others(densities)`` (to compare with), ``look`` and
    ``set_look(look.SkyLook)`` (mode, projection, frame, colours, overlays, comparison), ``set_mode("density" | "events" | "counts" |
    "significance")``, ``select_pixel(ipix | None)``, ``select_bin(number | None)``, ``toggle_play()``, ``take_controls()`` (the row of
    tools, for the corner of the tab bar); signals ``pixel_selected(int)``, ``bin_selected(object)``, ``mode_changed(str)``.
``sky.SkyMap``
    One large sky: ``set_map(values, nside, maps.ColourScale(kind, low, high), title=..., fade=...)``, ``set_sources``,
    ``set_dots``, ``set_heading``, ``set_projection(projection.Projection)``; signals ``hovered``, ``clicked``, ``double_clicked``
    ``(picture, l, b)``, ``turned(Projection)``.
``field.FieldView``
    The Field tab. ``set_setup(FieldSetup | None, message)``, ``set_rigidities(grid, chosen)``, ``set_sources(names, chosen)``,
    ``set_sky(SkyOfField | None)``, ``set_images(values, nside, statistics=, current=)``, ``set_statistics(ImageStatistics | None)``,
    ``set_rays(rays)``, ``set_waiting(str)``, ``toggle_play()``; signals ``shown``, ``kind_chosen(str)``,
    ``rigidity_chosen(float)``, ``source_chosen(str)``, ``sky_clicked(l, b)``, ``rays_cleared``.
``spectrum.SpectrumPlot``
    ``set_density(SkyDensity | None, ipix=None)`` (None: the whole sky), ``set_pixel(ipix | None)``,
    ``set_events(MockEvents | None, index=0)``.
``training.TrainingView``
    ``set_status(state, name=, device=, epoch=, epochs=, maps_per_second=, elapsed=, left=, patience_used=, patience=,
    message=)``, ``set_history(columns | rows of history.csv)``, ``set_log(str)``, ``append_log(str)``,
    ``set_limit(eta | None)``, ``set_can_train(bool, why)``, ``clear()``; signals ``train_requested``, ``pause_requested``,
    ``resume_requested``, ``stop_requested``, ``discard_requested``.
``results.ResultsView``
    ``set_verdicts(iterable of Verdict, chosen=None, notes=None, runs=None)``, ``select(Verdict)``, ``selected``, ``rows``, ``compared``; signals
    ``export_requested(str)``, ``add_requested(str)``, ``open_requested(Verdict)``, ``statistic_chosen(str, bool)``, ``verdict_selected(Verdict)``.
``results.EtaPlot``
    eta(N) alone, for the right column: ``set_verdicts(verdicts, source, statistics=("bcnn",), current=n_events)``; the
    published values come from ``core.published``.
"""
