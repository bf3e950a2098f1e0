"""The publications that an analysis can rest on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["REFERENCES", "Reference", "cite", "cite_sources"]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One publication.

    Attributes
    ----------
    cited : str
        How it is cited in the text.
    listed : str
        How it is listed, without DOI.
    doi : str | None
        DOI; None if it has none.
    """

    cited: str
    listed: str
    doi: str | None = None

    def __str__(self) -> str:
        return self.listed if self.doi is None else f"{self.listed} https://doi.org/{self.doi}"


def _entry(cited: str, listed: str, doi: str | None = None) -> Reference:
    return Reference(cited=cited, listed=listed, doi=doi)


REFERENCES = {
    "appelhoff2019": _entry(
        "Appelhoff et al., 2019",
        "Appelhoff S et al. (2019). MNE-BIDS: Organizing electrophysiological data into the BIDS format and "
        "facilitating their analysis. Journal of Open Source Software 4:1896.",
        "10.21105/joss.01896",
    ),
    "bandler1994": _entry(
        "Bandler et al., 1994",
        "Bandler JW, Biernacki RM, Chen SH, Grobelny PA, Hemmers RH (1994). Space mapping technique for "
        "electromagnetic optimization. IEEE Transactions on Microwave Theory and Techniques 42:2536-2544.",
        "10.1109/22.339794",
    ),
    "chen2012": _entry(
        "Chen and Oliver, 2012",
        "Chen Y, Oliver DS (2012). Ensemble randomized maximum likelihood method as an iterative ensemble smoother. "
        "Mathematical Geosciences 44:1-26.",
        "10.1007/s11004-011-9376-z",
    ),
    "crochet2011": _entry(
        "Crochet et al., 2011",
        "Crochet S, Poulet JFA, Kremer Y, Petersen CCH (2011). Synaptic mechanisms underlying sparse coding of active "
        "touch. Neuron 69:1160-1175.",
        "10.1016/j.neuron.2011.02.022",
    ),
    "dale2000": _entry(
        "Dale et al., 2000",
        "Dale AM, Liu AK, Fischl BR, Buckner RL, Belliveau JW, Lewine JD, Halgren E (2000). Dynamic statistical "
        "parametric mapping: combining fMRI and MEG for high-resolution imaging of cortical activity. Neuron 26:55-67.",
        "10.1016/S0896-6273(00)81138-1",
    ),
    "dekock2007": _entry(
        "de Kock et al., 2007",
        "de Kock CPJ, Bruno RM, Spors H, Sakmann B (2007). Layer- and cell-type-specific suprathreshold stimulus "
        "representation in rat primary somatosensory cortex. Journal of Physiology 581:139-154.",
        "10.1113/jphysiol.2006.124321",
    ),
    "delmoral2006": _entry(
        "Del Moral et al., 2006",
        "Del Moral P, Doucet A, Jasra A (2006). Sequential Monte Carlo samplers. Journal of the Royal Statistical "
        "Society B 68:411-436.",
        "10.1111/j.1467-9868.2006.00553.x",
    ),
    "desikan2006": _entry(
        "Desikan et al., 2006",
        "Desikan RS et al. (2006). An automated labeling system for subdividing the human cerebral cortex on MRI scans "
        "into gyral based regions of interest. NeuroImage 31:968-980.",
        "10.1016/j.neuroimage.2006.01.021",
    ),
    "destrieux2010": _entry(
        "Destrieux et al., 2010",
        "Destrieux C, Fischl B, Dale A, Halgren E (2010). Automatic parcellation of human cortical gyri and sulci "
        "using standard anatomical nomenclature. NeuroImage 53:1-15.",
        "10.1016/j.neuroimage.2010.06.010",
    ),
    "emerick2013": _entry(
        "Emerick and Reynolds, 2013",
        "Emerick AA, Reynolds AC (2013). Ensemble smoother with multiple data assimilation. Computers & Geosciences "
        "55:3-15.",
        "10.1016/j.cageo.2012.03.011",
    ),
    "fischl2012": _entry(
        "Fischl, 2012", "Fischl B (2012). FreeSurfer. NeuroImage 62:774-781.", "10.1016/j.neuroimage.2012.01.021"
    ),
    "gramfort2013": _entry(
        "Gramfort et al., 2013",
        "Gramfort A et al. (2013). MEG and EEG data analysis with MNE-Python. Frontiers in Neuroscience 7:267.",
        "10.3389/fnins.2013.00267",
    ),
    "hamalainen1993": _entry(
        "Hämäläinen et al., 1993",
        "Hämäläinen M, Hari R, Ilmoniemi RJ, Knuutila J, Lounasmaa OV (1993). Magnetoencephalography: theory, "
        "instrumentation, and applications to noninvasive studies of the working human brain. Reviews of Modern "
        "Physics 65:413-497.",
        "10.1103/RevModPhys.65.413",
    ),
    "hamalainen1994": _entry(
        "Hämäläinen and Ilmoniemi, 1994",
        "Hämäläinen MS, Ilmoniemi RJ (1994). Interpreting magnetic fields of the brain: minimum norm estimates. "
        "Medical & Biological Engineering & Computing 32:35-42.",
        "10.1007/BF02512476",
    ),
    "hines1997": _entry(
        "Hines and Carnevale, 1997",
        "Hines ML, Carnevale NT (1997). The NEURON simulation environment. Neural Computation 9:1179-1209.",
        "10.1162/neco.1997.9.6.1179",
    ),
    "hogg2010": _entry(
        "Hogg et al., 2010",
        "Hogg DW, Myers AD, Bovy J (2010). Inferring the eccentricity distribution. The Astrophysical Journal "
        "725:2166-2175.",
        "10.1088/0004-637X/725/2/2166",
    ),
    "hukushima2003": _entry(
        "Hukushima and Iba, 2003",
        "Hukushima K, Iba Y (2003). Population annealing and its application to a spin glass. AIP Conference "
        "Proceedings 690:200-206.",
        "10.1063/1.1632130",
    ),
    "jones2009": _entry(
        "Jones et al., 2009",
        "Jones SR, Pritchett DL, Sikora MA, Stufflebeam SM, Hämäläinen M, Moore CI (2009). Quantitative analysis and "
        "biophysically realistic neural modeling of the MEG mu rhythm: "
        "rhythmogenesis and modulation of sensory-evoked responses. Journal of Neurophysiology 102:3554-3572.",
        "10.1152/jn.00535.2009",
    ),
    "kass1995": _entry(
        "Kass and Raftery, 1995",
        "Kass RE, Raftery AE (1995). Bayes factors. Journal of the American Statistical Association 90:773-795.",
        "10.1080/01621459.1995.10476572",
    ),
    "kohl2022": _entry(
        "Kohl et al., 2022",
        "Kohl C, Parviainen T, Jones SR (2022). Neural mechanisms underlying human auditory evoked responses revealed "
        "by Human Neocortical Neurosolver. Brain Topography 35:19-35.",
        "10.1007/s10548-021-00838-0",
    ),
    "kumbhar2019": _entry(
        "Kumbhar et al., 2019",
        "Kumbhar P, Hines M, Fouriaux J, Ovcharenko A, King J, Delalondre F, Schürmann F (2019). CoreNEURON: an "
        "optimized compute engine for the NEURON simulator. Frontiers in Neuroinformatics 13:63.",
        "10.3389/fninf.2019.00063",
    ),
    "law2022": _entry(
        "Law et al., 2022",
        "Law RG et al. (2022). Thalamocortical mechanisms regulating the relationship between transient beta events "
        "and human tactile perception. Cerebral Cortex 32:668-688.",
        "10.1093/cercor/bhab221",
    ),
    "lin2006": _entry(
        "Lin et al., 2006",
        "Lin FH, Belliveau JW, Dale AM, Hämäläinen MS (2006). Distributed current estimates using cortical orientation "
        "constraints. Human Brain Mapping 27:1-13.",
        "10.1002/hbm.20155",
    ),
    "litvak2011": _entry(
        "Litvak et al., 2011",
        "Litvak V, Mattout J, Kiebel S, Phillips C, Henson R, Kilner J, Barnes G, Oostenveld R, Daunizeau J, "
        "Flandin G, Penny W, Friston K (2011). EEG and MEG data analysis in SPM8. Computational Intelligence and "
        "Neuroscience 2011:852961.",
        "10.1155/2011/852961",
    ),
    "maris2007": _entry(
        "Maris and Oostenveld, 2007",
        "Maris E, Oostenveld R (2007). Nonparametric statistical testing of EEG- and MEG-data. Journal of Neuroscience "
        "Methods 164:177-190.",
        "10.1016/j.jneumeth.2007.03.024",
    ),
    "murakami2015": _entry(
        "Murakami and Okada, 2015",
        "Murakami S, Okada Y (2015). Invariance in current dipole moment density across brain structures and species: "
        "physiological constraint for neuroimaging. NeuroImage 111:49-58.",
        "10.1016/j.neuroimage.2015.02.003",
    ),
    "neymotin2020": _entry(
        "Neymotin et al., 2020",
        "Neymotin SA et al. (2020). Human Neocortical Neurosolver (HNN), a new software tool for interpreting the "
        "cellular and network origin of human MEG/EEG data. eLife 9:e51214.",
        "10.7554/eLife.51214",
    ),
    "nichols2002": _entry(
        "Nichols and Holmes, 2002",
        "Nichols TE, Holmes AP (2002). Nonparametric permutation tests for functional neuroimaging: a primer with "
        "examples. Human Brain Mapping 15:1-25.",
        "10.1002/hbm.1058",
    ),
    "niso2018": _entry(
        "Niso et al., 2018",
        "Niso G et al. (2018). MEG-BIDS, the brain imaging data structure extended to magnetoencephalography. "
        "Scientific Data 5:180110.",
        "10.1038/sdata.2018.110",
    ),
    "oostenveld2011": _entry(
        "Oostenveld et al., 2011",
        "Oostenveld R, Fries P, Maris E, Schoffelen JM (2011). FieldTrip: Open source software for advanced analysis "
        "of MEG, EEG, and invasive electrophysiological data. Computational Intelligence and Neuroscience 2011:156869.",
        "10.1155/2011/156869",
    ),
    "papamakarios2017": _entry(
        "Papamakarios et al., 2017",
        "Papamakarios G, Pavlakou T, Murray I (2017). Masked autoregressive flow for density estimation. Advances in "
        "Neural Information Processing Systems 30.",
        "10.48550/arXiv.1705.07057",
    ),
    "pascual2002": _entry(
        "Pascual-Marqui, 2002",
        "Pascual-Marqui RD (2002). Standardized low-resolution brain electromagnetic tomography (sLORETA): technical "
        "details. Methods and Findings in Experimental and Clinical Pharmacology 24 Suppl D:5-12.",
    ),
    "pascual2011": _entry(
        "Pascual-Marqui et al., 2011",
        "Pascual-Marqui RD et al. (2011). Assessing interactions in the brain with exact low-resolution "
        "electromagnetic tomography. Philosophical Transactions of the Royal Society A 369:3768-3784.",
        "10.1098/rsta.2011.0081",
    ),
    "pernet2019": _entry(
        "Pernet et al., 2019",
        "Pernet CR et al. (2019). EEG-BIDS, an extension to the brain imaging data structure for "
        "electroencephalography. Scientific Data 6:103.",
        "10.1038/s41597-019-0104-8",
    ),
    "peron2015": _entry(
        "Peron et al., 2015",
        "Peron SP, Freeman J, Iyer V, Guo C, Svoboda K (2015). A cellular resolution map of barrel cortex activity "
        "during tactile behavior. Neuron 86:783-799.",
        "10.1016/j.neuron.2015.03.027",
    ),
    "rasmussen2006": _entry(
        "Rasmussen and Williams, 2006",
        "Rasmussen CE, Williams CKI (2006). Gaussian processes for machine learning. MIT Press.",
        "10.7551/mitpress/3206.001.0001",
    ),
    "rockel1980": _entry(
        "Rockel et al., 1980",
        "Rockel AJ, Hiorns RW, Powell TPS (1980). The basic uniformity in structure of the neocortex. Brain "
        "103:221-244.",
        "10.1093/brain/103.2.221",
    ),
    "sakata2009": _entry(
        "Sakata and Harris, 2009",
        "Sakata S, Harris KD (2009). Laminar structure of spontaneous and sensory-evoked population activity in "
        "auditory cortex. Neuron 64:404-418.",
        "10.1016/j.neuron.2009.09.020",
    ),
    "schwarz1978": _entry(
        "Schwarz, 1978",
        "Schwarz G (1978). Estimating the dimension of a model. Annals of Statistics 6:461-464.",
        "10.1214/aos/1176344136",
    ),
    "tadel2011": _entry(
        "Tadel et al., 2011",
        "Tadel F, Baillet S, Mosher JC, Pantazis D, Leahy RM (2011). Brainstorm: A user-friendly application for "
        "MEG/EEG analysis. Computational Intelligence and Neuroscience 2011:879716.",
        "10.1155/2011/879716",
    ),
    "tejero2020": _entry(
        "Tejero-Cantero et al., 2020",
        "Tejero-Cantero A et al. (2020). sbi: A toolkit for simulation-based inference. Journal of Open Source "
        "Software 5:2505.",
        "10.21105/joss.02505",
    ),
}
"""By key, as :func:`cite` takes it."""


def cite(*keys: str) -> str:
    """Return the mark of a citation in a sentence; what shows a text replaces it."""
    known: Sequence[str] = [key for key in keys if key in REFERENCES]
    assert len(known) == len(keys), keys
    return f"[@{';'.join(keys)}]"


def cite_sources(text: str) -> str:
    """Return the mark of the citations whose DOIs a text names; empty if it names none that is known."""
    named = set(re.findall(r"10\.\d{4,}/[^\s;,)]+", text))
    keys = [key for key, reference in REFERENCES.items() if reference.doi in named]
    return f" {cite(*keys)}" if keys else ""
