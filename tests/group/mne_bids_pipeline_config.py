"""What mne-bids-pipeline 1.10 was run with to see which files it leaves; `trees.py` makes the same ones with MNE.

    python -c "from mne_hnn.group.demo import group_demo; group_demo(n_subjects=3, n_epochs=20, folder='/tmp/group')"
    for sub in 01 02 03; do (cd /tmp/group/derivatives/freesurfer/subjects/sub-$sub/bem &&
        cp sub-$sub-1280-bem-sol.fif sub-$sub-5120-bem-sol.fif &&
        python -c "import mne, sys; mne.write_bem_surfaces(sys.argv[1] + '-5120-bem.fif',
            mne.read_bem_solution(sys.argv[1] + '-1280-bem-sol.fif')['surfs'])" sub-$sub); done
    mne_bids_pipeline --config mne_bids_pipeline_config.py --root-dir /tmp/group --steps init,preprocessing,sensor,source

The BEM is copied to the name that the pipeline looks for, as its own would need a finer inner skull. The steps of
FreeSurfer are left out: the generated anatomy is there already.
"""

bids_root = "/tmp/group"
subjects_dir = "/tmp/group/derivatives/freesurfer/subjects"
task = "touch"
ch_types = ["meg"]
data_type = "meg"
conditions = ["detected", "missed"]
contrasts = [("detected", "missed")]

l_freq, h_freq = 1.0, 100.0
epochs_tmin, epochs_tmax = -0.15, 0.3
baseline = (None, -0.005)
spatial_filter = None
reject = {"grad": 4000e-13}
decode = False
process_empty_room = False

run_source_estimation = True
noise_cov = (None, 0)
spacing = "oct5"
inverse_method = "dSPM"
adjust_coreg = False
recreate_bem = False
recreate_scalp_surface = False

n_jobs = 1
on_error = "abort"
