"""What mne-bids-pipeline 1.10 was run with to see which files it leaves; `trees.py` makes the same ones with MNE.

    python -c "from mne_hnn.group.demo import group_demo; group_demo(n_subjects=3, n_epochs=20, folder='/tmp/group')"
    for sub in 01 02 03; do (cd /tmp/group/derivatives/freesurfer/subjects/sub-$sub/bem &&
        cp sub-$sub-1280-bem-sol.fif sub-$sub-5120-bem-sol.fif &&
        python -c "import mne, sys; mne.write_bem_surfaces(sys.argv[1] + '-5120-bem.fif',
            mne.read_bem_solution(sys.argv[1] + '-1280-bem-sol.fif')['surfs'])" sub-$sub); done
    mne_bids_pipeline --config mne_bids_pipeline_config.py --root-dir /tmp/group \\
        --steps init,preprocessing,sensor,source

The BEM is copied to the name that the pipeline looks for, as its own would need a finer inner skull. The steps of
FreeSurfer are left out: the generated anatomy is there already. The last step, the group average on the surface, needs
FreeSurfer's fsaverage, which is downloaded.

What is left in derivatives/mne-bids-pipeline (XX: subject, with `_ses-YY` after it where there are sessions):

    sub-XX/meg/sub-XX_task-touch_proc-filt_raw.fif     filtered
    sub-XX/meg/sub-XX_task-touch_epo.fif               epochs, before artefacts are removed
    sub-XX/meg/sub-XX_task-touch_proc-clean_epo.fif    epochs (`_proc-clean_split-01_epo.fif` where they are large)
    sub-XX/meg/sub-XX_task-touch_ave.fif               averages; comments 'detected', 'missed', 'detected - missed'
    sub-XX/meg/sub-XX_proc-clean_cov.fif               noise covariance (`_task-noise_proc-clean_cov.fif` of the empty
                                                       room, `_proc-adhoc_cov.fif`, `_proc-custom_cov.fif`)
    sub-XX/meg/sub-XX_proc-clean_rank.json             its rank
    sub-XX/meg/sub-XX_trans.fif                        from MRI to head: that of the forward solution
    sub-XX/meg/sub-XX_fwd.fif, sub-XX_inv.fif          forward solution, inverse operator
    sub-XX/meg/sub-XX_task-touch_detected+dSPM+hemi.h5 source estimates, one per condition and contrast
    sub-average/meg/sub-average_task-touch_proc-clean_ave.fif

and in FreeSurfer's folder bem/sub-XX-oct5-src.fif, bem/sub-XX-5120-bem.fif, bem/sub-XX-5120-bem-sol.fif.
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
